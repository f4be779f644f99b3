"""The address in NEO4J_URI: its form, and whether a Neo4j server answers there.

The driver waits a minute for a service that accepts connections and says nothing, and reports a
typing error as a failure of the network. Addresses are therefore checked before it is used.
"""

from __future__ import annotations

import re
import socket
import ssl
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from isthmus.errors import InputError
from isthmus.graph.database.errors import ServerRefused

SCHEMES = ("bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc")
BOLT_PORT = 7687
BROWSER_PORTS = (7474, 7473)
AURA = ".databases.neo4j.io"
ANSWER_TIMEOUT_SECONDS = 5.0
# Magic number and four proposed versions: https://neo4j.com/docs/bolt/current/bolt/handshake/
HANDSHAKE = bytes.fromhex("6060b017 00000404 00000105 00000304 00000003")
NO_URI = "Without NEO4J_URI isthmus runs its own server."
_PATH = re.compile(r"[A-Za-z]:[\\/]|[\\/.~]|file:")
_SCHEMES_BEFORE_HOST = re.compile(r"(?:(?:jdbc|https?|(?:bolt|neo4j)[+a-z]*):)*/*", re.IGNORECASE)


@dataclass(frozen=True)
class Address:
    """A valid address of a Neo4j server.

    Attributes:
        uri: The address as the driver takes it.
        scheme: One of `SCHEMES`.
        host: Name or IP address of the host.
        port: Port of the Bolt protocol.
    """

    uri: str
    scheme: str
    host: str
    port: int

    def text(self) -> str:
        """Returns the address for messages, without user names, passwords and parameters."""
        return f"{self.scheme}://{_netloc(self.host)}:{self.port}"


def read_address(text: str) -> Address:
    """Reads the value of NEO4J_URI.

    Raises:
        InputError: It is no address of a Neo4j server; the advice has the right form.
    """
    uri = text.strip()
    shown = re.sub(r"(//)[^/@]*@", r"\1", uri)  # a user name and password are not repeated
    if uri.startswith(("'", '"')):
        raise InputError(f"NEO4J_URI {uri} has quotes as a part of it.", "Remove them.")
    if _PATH.match(uri):
        raise _wrong(shown, "is a path of files, not the address of a server", "localhost")
    parts = _split(uri, shown)
    if parts is None or "://" not in uri or uri.startswith("jdbc:"):
        rest = _SCHEMES_BEFORE_HOST.sub("", uri, count=1)
        raise _wrong(shown, f"does not begin with {SCHEMES[0]}:// or {SCHEMES[3]}://", rest)
    host, port = parts.hostname or "", parts.port
    if parts.scheme in ("http", "https"):
        what = "is the address of a web page, such as Neo4j Browser's; isthmus uses Bolt"
        raise _wrong(shown, what, _netloc(host))
    if parts.scheme not in SCHEMES:
        raise _wrong(shown, f"has the unknown scheme {parts.scheme}", _netloc(host) + _colon(port))
    if not host:
        raise _wrong(shown, "names no host", "localhost")
    if parts.username is not None:
        found = f"NEO4J_URI {shown!r} was given with a user name."
        raise InputError(found, "Put it and the password into NEO4J_USERNAME and NEO4J_PASSWORD.")
    if database := parts.path.strip("/"):
        found = f"NEO4J_URI {shown!r} ends in a path, /{database}."
        raise InputError(found, f"Remove it; a database is named by NEO4J_DATABASE={database}.")
    if parts.query and not parts.scheme.startswith("neo4j"):
        raise InputError(f"NEO4J_URI {shown!r} has parameters.", "Remove all from the ? on.")
    return Address(uri, parts.scheme, host, port or BOLT_PORT)


def check_answers(address: Address) -> None:
    """Checks within a few seconds that a Neo4j server answers at an address.

    Raises:
        ServerRefused: The host is unknown, nothing answers, or something other than Neo4j does.
    """
    where = address.text()
    try:
        with _open_socket(address) as connection:
            connection.sendall(HANDSHAKE)
            answer = _receive(connection)
    except socket.gaierror as error:
        raise ServerRefused(
            f"The host {address.host!r} of NEO4J_URI is not known: {error.strerror}.",
            f"Correct the name. {NO_URI}",
        ) from error
    except UnicodeError as error:
        raise InputError(
            f"The host {address.host!r} of NEO4J_URI is no valid name.", f"Correct it. {NO_URI}"
        ) from error
    except ssl.SSLCertVerificationError as error:
        raise ServerRefused(
            f"The certificate of the server at {where} is not trusted: {error.verify_message}.",
            f"For a self-signed one, write {_other_scheme(address, '+ssc')}.",
        ) from error
    except (ssl.SSLError, ConnectionResetError, BrokenPipeError) as error:
        raise _not_neo4j(address, b"") from error
    except TimeoutError as error:
        raise ServerRefused(
            f"Nothing answers at {where} within {ANSWER_TIMEOUT_SECONDS:.0f} s.",
            f"Start the server, open its port or correct NEO4J_URI. {NO_URI}",
        ) from error
    except OSError as error:
        raise ServerRefused(
            f"No Neo4j server answers at {where}: {error.strerror or error}.",
            f"Start it or correct NEO4J_URI. {NO_URI}",
        ) from error
    if len(answer) < 4 or answer[0] != 0:  # a version is 0, a range, minor, major
        raise _not_neo4j(address, answer)


def _open_socket(address: Address) -> socket.socket:
    plain = socket.create_connection((address.host, address.port), ANSWER_TIMEOUT_SECONDS)
    if "+" not in address.scheme:
        return plain
    context = ssl.create_default_context()
    if address.scheme.endswith("+ssc"):
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        return context.wrap_socket(plain, server_hostname=address.host)
    except BaseException:
        plain.close()
        raise


def _receive(connection: socket.socket) -> bytes:
    """Returns the first bytes of an answer, or none if there is no answer in time."""
    try:
        return connection.recv(4)
    except TimeoutError:
        return b""


def _not_neo4j(address: Address, answer: bytes) -> ServerRefused:
    """Returns the error for a port at which something other than expected answers."""
    bolt = f"{address.scheme}://{_netloc(address.host)}:{BOLT_PORT}"
    right = "Correct NEO4J_URI" if address.port == BOLT_PORT else f"Write NEO4J_URI={bolt}"
    if answer.startswith(b"HTTP") or address.port in BROWSER_PORTS:
        found = f"A web server answers at {address.text()}, such as Neo4j Browser; isthmus uses"
        return ServerRefused(f"{found} Bolt.", f"{right}. {NO_URI}")
    if "+" in address.scheme:
        found = f"What answers at {address.text()} does not encrypt its connections."
        return ServerRefused(found, f"Without encryption, write {_other_scheme(address, '')}.")
    found = f"What answers at {address.text()} is not Neo4j, or accepts encrypted connections only."
    encrypted = _other_scheme(address, "+s")
    advice = f"{right}, or write {encrypted} for an encrypted connection. {NO_URI}"
    return ServerRefused(found, advice)


def _other_scheme(address: Address, ending: str) -> str:
    return f"{address.scheme.partition('+')[0]}{ending}://{_netloc(address.host)}:{address.port}"


def _split(uri: str, shown: str) -> SplitResult | None:
    """Splits an address, or returns None if it has no scheme."""
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError as error:
        if "://" not in uri:
            return None
        raise InputError(
            f"NEO4J_URI {shown!r} is invalid: {str(error).lower()}.",
            f"Write bolt://HOST:{BOLT_PORT}. {NO_URI}",
        ) from error
    return parts


def _wrong(shown: str, what: str, host: str) -> InputError:
    """Returns the error for an address, with its right form for `host`, which may have a port."""
    name = re.split(r"[/?#\\]", host)[0] or "localhost"
    if name.count(":") > 1 and "[" not in name:
        name = _netloc(name)
    if name.endswith(AURA):
        right = f"neo4j+s://{name}"
    else:
        name = re.sub(rf":({'|'.join(map(str, BROWSER_PORTS))})?$", "", name)
        has_port = re.search(r":\d+$", name)
        right = f"bolt://{name}" if has_port else f"bolt://{name}:{BOLT_PORT}"
    return InputError(f"NEO4J_URI {shown!r} {what}.", f"Write NEO4J_URI={right}. {NO_URI}")


def _netloc(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _colon(port: int | None) -> str:
    return "" if port is None else f":{port}"
