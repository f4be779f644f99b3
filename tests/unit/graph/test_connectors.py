"""Where the server listens, and what is refused."""

from __future__ import annotations

import shutil
import socket
import stat
import subprocess
from pathlib import Path

import pytest

from isthmus.errors import InputError
from isthmus.graph.server import connectors, process, shared_home
from isthmus.graph.server.connectors import Connectors, choose_connectors, read_connectors
from isthmus.graph.server.folders import Folders
from isthmus.settings import Settings, load_settings


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folders:
    monkeypatch.setattr(connectors, "PORT_TIMEOUT_SECONDS", 0.0)
    return Folders(tmp_path / "server", tmp_path / "jars", tmp_path / "logs")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Makes a certificate for this machine, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl, which makes a certificate for the test, is not installed")
    certificate, key = folder / "public.pem", folder / "private.pem"
    made = ["-keyout", str(key), "-out", str(certificate), "-days", "2", "-subj", "/CN=localhost"]
    made += ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *made]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key


def settings(**given: object) -> Settings:
    return Settings(home=Path("/nowhere"), neo4j_uri=None, **given)


def test_by_default_only_bolt_is_on_and_on_this_machine(folders: Folders) -> None:
    chosen = choose_connectors(settings(), folders)
    assert chosen == Connectors(chosen.bolt)
    assert chosen.uri == f"bolt://127.0.0.1:{chosen.bolt}"
    lines = chosen.configuration().splitlines()
    assert f"server.bolt.listen_address=127.0.0.1:{chosen.bolt}" in lines
    assert {"server.http.enabled=false", "server.https.enabled=false"} <= {*lines}


@pytest.mark.parametrize("web", ["off", "api", "browser"])
def test_the_configuration_of_a_start_is_read_back_and_its_ports_are_kept(
    folders: Folders, web: str
) -> None:
    wanted = settings(server_web=web)
    chosen = choose_connectors(wanted, folders)
    process.configure(folders, chosen, "256m", "16m")
    assert read_connectors(folders) == chosen
    assert choose_connectors(wanted, folders) == chosen
    assert ("BROWSER" in chosen.configuration()) == (web == "browser")
    assert (chosen.web_uri is None) == (web == "off")


def test_a_port_that_another_program_took_is_replaced_unless_it_is_set(folders: Folders) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        process.configure(folders, Connectors(port), "256m", "16m")
        assert choose_connectors(settings(), folders).bolt != port
        with pytest.raises(InputError, match=f"Another program listens on port {port}"):
            choose_connectors(settings(server_port=port), folders)


def test_a_set_port_is_that_of_bolt_and_the_next_one_that_of_http(folders: Folders) -> None:
    port = connectors.free_port()
    chosen = choose_connectors(settings(server_port=port, server_web="api"), folders)
    assert (chosen.bolt, chosen.web) == (port, port + 1)


@pytest.mark.parametrize("host", ["0.0.0.0", "198.51.100.7"])
def test_without_a_certificate_nobody_else_is_listened_to(folders: Folders, host: str) -> None:
    with pytest.raises(InputError, match="cross the network in the clear"):
        choose_connectors(settings(server_listen=host), folders)


def test_a_certificate_encrypts_bolt_and_http(
    folders: Folders, certificate: tuple[Path, Path]
) -> None:
    public, private = certificate
    wanted = settings(
        server_listen="0.0.0.0", server_web="api", server_certificate=public, server_key=private
    )
    chosen = choose_connectors(wanted, folders)
    assert chosen.uri == f"bolt+ssc://127.0.0.1:{chosen.bolt}"
    assert chosen.web_uri == f"https://127.0.0.1:{chosen.web}"
    process.configure(folders, chosen, "256m", "16m")
    text = folders.configuration.read_text()
    for line in (
        f"server.bolt.listen_address=0.0.0.0:{chosen.bolt}",
        "server.bolt.tls_level=REQUIRED",
        "server.http.enabled=false",
        "server.https.enabled=true",
        "dbms.ssl.policy.bolt.enabled=true",
        "dbms.ssl.policy.https.enabled=true",
    ):
        assert f"{line}\n" in text
    copies = [folders.home / "certificates" / name for name in ("public.crt", "private.key")]
    assert [copy.read_bytes() for copy in copies] == [public.read_bytes(), private.read_bytes()]
    assert {stat.S_IMODE(copy.stat().st_mode) for copy in copies} == {0o600}
    assert read_connectors(folders).uri == chosen.uri
    process.configure(folders, Connectors(chosen.bolt), "256m", "16m")
    assert not copies[1].exists()


def test_certificates_that_cannot_be_used_are_refused(
    folders: Folders, certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    public, private = certificate
    (tmp_path / "other").mkdir()
    _, other = make_certificate(tmp_path / "other")
    readable = tmp_path / "readable.pem"
    readable.write_bytes(private.read_bytes())
    readable.chmod(0o644)
    for given, said in (
        ({"server_certificate": public}, "set without server_key"),
        ({"server_key": private}, "set without server_certificate"),
        ({"server_certificate": tmp_path / "none", "server_key": private}, "cannot be read"),
        ({"server_certificate": public, "server_key": other}, "no certificate and its private key"),
        ({"server_certificate": private, "server_key": private}, "no certificate and its"),
        ({"server_certificate": public, "server_key": readable}, "can be read by everybody"),
    ):
        with pytest.raises(InputError, match=said):
            choose_connectors(settings(**given), folders)


def test_an_address_of_another_machine_is_refused(
    folders: Folders, certificate: tuple[Path, Path]
) -> None:
    public, private = certificate
    wanted = settings(server_listen="198.51.100.7", server_certificate=public, server_key=private)
    with pytest.raises(InputError, match="no address of this machine"):
        choose_connectors(wanted, folders)


def test_a_temporary_server_listens_to_its_command_only(tmp_path: Path) -> None:
    wanted = settings(server_web="api", server_listen="127.0.0.2", server_port=7687)
    wanted = wanted.model_copy(update={"home": tmp_path / "home"})
    temporary = shared_home(wanted, tmp_path / "temporary")
    assert (temporary.server_web, temporary.server_listen) == ("off", "127.0.0.1")
    assert temporary.server_port is None


def test_what_is_no_address_is_refused() -> None:
    assert settings(server_listen="localhost").server_listen == "127.0.0.1"
    for value in ("example.org", "::1", "", "127.0.0.1:7687", "127.0.0.1\nserver.http.enabled"):
        with pytest.raises(InputError, match="server_listen"):
            load_settings(server_listen=value)
