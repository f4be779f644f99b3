"""Where the server listens: Bolt, and if the settings ask for it, its HTTP API and Neo4j Browser.

By default it is one port of 127.0.0.1. Beyond this machine nothing is sent without TLS. isthmus's
own connections stay on this machine and prove that they end in the server's process (`proof`), so
they take any certificate.
"""

from __future__ import annotations

import errno
import re
import shutil
import socket
import ssl
import stat
import time
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from pathlib import Path

from isthmus.errors import InputError
from isthmus.files import make_folder, write_file
from isthmus.graph.server.folders import Folders
from isthmus.settings import Settings

LOOPBACK, EVERYWHERE = "127.0.0.1", "0.0.0.0"  # noqa: S104 the user may choose it
PORT_TIMEOUT_SECONDS = 2.0

BOLT = """\
server.default_listen_address=127.0.0.1
server.bolt.listen_address={host}:{port}
server.bolt.advertised_address=:{port}
server.bolt.tls_level={level}
server.{web}.enabled={is_on}
server.{other}.enabled=false
"""
WEB = """\
server.{web}.listen_address={host}:{port}
server.{web}.advertised_address=:{port}
server.http_enabled_modules={modules}
server.http.x_forward.enabled=false
# Pages of other sites read nothing, and the Browser loads nothing from other sites.
dbms.security.http_access_control_allow_origin={web}://{host}:{port}
dbms.security.http_static_content_security_policy_header=default-src 'self'; script-src 'self'; \
img-src 'self' data:; style-src 'self' 'unsafe-inline'; font-src 'self'; base-uri 'none'; \
object-src 'none'; frame-ancestors 'none'; connect-src 'self' {socket}://*:{bolt} {web}://*:{bolt}
"""
TLS = """\
dbms.ssl.policy.{name}.enabled=true
dbms.ssl.policy.{name}.base_directory=certificates
dbms.ssl.policy.{name}.private_key=private.key
dbms.ssl.policy.{name}.public_certificate=public.crt
dbms.ssl.policy.{name}.client_auth=NONE
"""
API_MODULES = ("TRANSACTIONAL_ENDPOINTS", "QUERY_API_ENDPOINTS")


@dataclass(frozen=True)
class Connectors:
    """Addresses of the server.

    Attributes:
        bolt: Port of Bolt.
        host: IPv4 address on which the server listens.
        web: Port of the HTTP API, or None.
        browser: Whether Neo4j Browser is at that port, too.
        certificate: File of the certificate, or None without TLS.
        key: File of its private key.
    """

    bolt: int = 0
    host: str = LOOPBACK
    web: int | None = None
    browser: bool = False
    certificate: Path | None = None
    key: Path | None = None

    @property
    def uri(self) -> str:
        """Address for isthmus's own connections."""
        return f"{'bolt+ssc' if self.certificate else 'bolt'}://{self._own_host}:{self.bolt}"

    @property
    def web_uri(self) -> str | None:
        """Address of the HTTP API on this machine, or of Neo4j Browser; None without them."""
        if self.web is None:
            return None
        scheme, path = "https" if self.certificate else "http", "/browser/" if self.browser else ""
        return f"{scheme}://{self._own_host}:{self.web}{path}"

    @property
    def _own_host(self) -> str:
        return LOOPBACK if self.host == EVERYWHERE else self.host

    def configuration(self) -> str:
        """Returns the lines of `neo4j.conf`."""
        web, other = ("https", "http") if self.certificate else ("http", "https")
        names = {"host": self.host, "web": web}
        lines = BOLT.format(
            **names,
            other=other,
            port=self.bolt,
            level="REQUIRED" if self.certificate else "DISABLED",
            is_on=str(self.web is not None).lower(),
        )
        if self.web is not None:
            modules = [*API_MODULES, "BROWSER"] if self.browser else API_MODULES
            lines += WEB.format(
                **names,
                port=self.web,
                modules=",".join(modules),
                socket="wss" if self.certificate else "ws",
                bolt=self.bolt,
            )
        if self.certificate:
            lines += "".join(TLS.format(name=name) for name in ("bolt", "https"))
        return lines

    def write_certificate(self, folders: Folders) -> None:
        """Copies the certificate and its key into the home, where Neo4j reads them at a start.

        Raises:
            InputError: They cannot be read.
        """
        folder = folders.home / "certificates"
        if self.certificate is None or self.key is None:
            shutil.rmtree(folder, ignore_errors=True)
            return
        make_folder(folder)
        for source, name in ((self.certificate, "public.crt"), (self.key, "private.key")):
            write_file(folder / name, _read(source))


def read_connectors(folders: Folders) -> Connectors | None:
    """Returns the addresses in `neo4j.conf`, or None without such a file or port."""
    try:
        text = folders.configuration.read_text()
    except FileNotFoundError:
        return None
    bolt = re.search(r"^server\.bolt\.listen_address=([\d.]+):(\d+)$", text, re.MULTILINE)
    if bolt is None:
        return None
    web = re.search(r"^server\.https?\.listen_address=[\d.]+:(\d+)$", text, re.MULTILINE)
    has_tls = "tls_level=REQUIRED" in text
    return Connectors(
        int(bolt[2]),
        bolt[1],
        int(web[1]) if web else None,
        ",BROWSER" in text,
        folders.home / "certificates" / "public.crt" if has_tls else None,
        folders.home / "certificates" / "private.key" if has_tls else None,
    )


def choose_connectors(settings: Settings, folders: Folders) -> Connectors:
    """Returns the addresses for a start by the settings, with the ports of the last one if free.

    Raises:
        InputError: The settings would send passwords over a network in the clear, or name a
            certificate, an address or a port that cannot be used.
    """
    check_connectors(settings)
    last = read_connectors(folders) or Connectors()
    host = settings.server_listen
    chosen = Connectors(
        last.bolt,
        host,
        None if settings.server_web == "off" else last.web or 0,
        settings.server_web == "browser",
        settings.server_certificate,
        settings.server_key,
    )
    if settings.server_port is not None:
        following = None if chosen.web is None else settings.server_port + 1
        for port in (settings.server_port, following):
            if port is not None and not _wait_until_free(host, port):
                raise InputError(
                    f"Another program listens on port {port} of {host}, which server_port sets.",
                    "End it, or set server_port to another port.",
                )
        return replace(chosen, bolt=settings.server_port, web=following)
    if not last.bolt or not _wait_until_free(host, last.bolt):
        chosen = replace(chosen, bolt=free_port(host))
    if chosen.web is not None and not (last.web and _wait_until_free(host, last.web)):
        chosen = replace(chosen, web=free_port(host))
    return chosen


def check_connectors(settings: Settings) -> None:
    """Checks that the server may listen as the settings say.

    Raises:
        InputError: It would send passwords over a network in the clear, or a certificate or the
            address cannot be used.
    """
    host, certificate, key = (
        settings.server_listen,
        settings.server_certificate,
        settings.server_key,
    )
    if (certificate is None) != (key is None):
        given, missing = ("certificate", "key") if certificate else ("key", "certificate")
        raise InputError(
            f"server_{given} is set without server_{missing}.",
            "Set both, to files in PEM format, or none.",
        )
    if certificate is None and not IPv4Address(host).is_loopback:
        raise InputError(
            f"server_listen is {host}, which other machines reach, and there is no certificate: "
            "passwords and data would cross the network in the clear.",
            "Set server_certificate and server_key to files in PEM format, or server_listen to "
            f"{LOOPBACK}.",
        )
    if certificate is not None and key is not None:
        _check_certificate(certificate, key)
    if not _is_of_this_machine(host):
        raise InputError(
            f"server_listen is {host}, which is no address of this machine.",
            f"`ip address` lists those that it has; {EVERYWHERE} stands for all.",
        )


def free_port(host: str = LOOPBACK) -> int:
    """Returns a port of an address of this machine on which no program is listening."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def _is_of_this_machine(host: str) -> bool:
    try:
        free_port(host)
    except OSError as error:
        return error.errno != errno.EADDRNOTAVAIL
    return True


def _is_free(host: str, port: int) -> bool:
    """Whether a server could listen on this port."""
    with socket.socket() as probe:
        # Neo4j sets it too: closing connections (TIME_WAIT) do not block the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def _wait_until_free(host: str, port: int) -> bool:
    """Whether the port is free now or within 2 s.

    A killed server holds its port until its last thread has ended.
    """
    deadline = time.monotonic() + PORT_TIMEOUT_SECONDS
    while not _is_free(host, port):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _check_certificate(certificate: Path, key: Path) -> None:
    _read(certificate)
    _read(key)
    if key.stat().st_mode & stat.S_IROTH:
        raise InputError(
            f"The private key {key} can be read by everybody on this machine.",
            f"Run `chmod o-r {key}`, and have a new one made if it was so for long.",
        )
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key, password="")
    except (ssl.SSLError, ValueError, OSError) as error:
        raise InputError(
            f"{certificate} and {key} are no certificate and its private key in PEM format without "
            f"a password: {getattr(error, 'reason', None) or error}.",
            "Name the file with the certificate, followed by those of its issuers, and the one "
            "with its key.",
        ) from error


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InputError(
            f"{file} cannot be read: {error.strerror}.",
            "server_certificate and server_key name files in PEM format.",
        ) from error
