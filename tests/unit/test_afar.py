"""`stack check https://…`: the whole command, at servers of our own making."""

import json
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme

from scaffold import cli
from scaffold.checks import CHECKS

LOOPBACK = "127.0.0.1"
OUTSIDE = [one.id for one in CHECKS if one.outside]


class Handler(BaseHTTPRequestHandler):
    """A site as it should be: for one host, below one path, and with the header."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        known = self.headers["Host"].startswith(LOOPBACK) and self.path.startswith("/v1/")
        self.send_response(200 if known else 404)
        for name, value in (("Content-Length", "2"), ("X-Content-Type-Options", "nosniff"), ("Connection", "close")):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


class Server(ThreadingHTTPServer):
    """Serves, and keeps quiet about clients that refuse it."""

    def handle_error(self, *_: object) -> None:
        """Keep quiet."""


@contextmanager
def serving(certificate: trustme.LeafCert) -> Iterator[int]:
    """Serve HTTPS, and yield the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with Server((LOOPBACK, 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA(organization_name="Example CA")


@pytest.fixture(scope="module")
def roots(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("authority") / "root.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture(scope="module")
def port(authority: trustme.CA) -> Iterator[int]:
    with serving(authority.issue_cert(LOOPBACK)) as listening:
        yield listening


@pytest.fixture(autouse=True)
def nobodys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Have no local authority."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))


def unused_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as listener:
        return int(listener.getsockname()[1])


def check(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, Any]:
    """Run `stack check --json`, and return its status and its document."""
    status = cli.run(["check", *map(str, words), "--json"])
    return status, json.loads(capsys.readouterr().out)


def statuses(document: Any) -> dict[str, str]:
    return {one["id"]: one["status"] for one in document["findings"]}


def test_a_site_is_judged_by_its_address_alone(port: int, roots: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, document = check(capsys, f"https://{LOOPBACK}:{port}/v1", "--roots", roots)
    assert (status, document["project"], document["ok"]) == (0, f"{LOOPBACK}:{port}", True)
    found = statuses(document)
    assert list(found) == OUTSIDE
    assert {name for name, one in found.items() if one == "skip"} - {"tls.old"} == {
        "dns.agree",
        "http.redirects",
        "http.ranges",
    }
    assert set(found.values()) == {"pass", "skip"}


def test_an_authority_that_nobody_named_is_not_believed(port: int, capsys: pytest.CaptureFixture[str]) -> None:
    status, document = check(capsys, f"https://{LOOPBACK}:{port}/v1")
    assert (status, document["ok"]) == (1, False)
    assert {name for name, one in statuses(document).items() if one == "fail"} == {"tls.trusted"}


def test_what_a_stranger_gets_is_a_finding(
    port: int, roots: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{__name__}.LOOPBACK", "")
    status, document = check(capsys, f"https://127.0.0.1:{port}/v1", "--roots", roots, "--only", "http.strangers")
    assert (status, statuses(document)) == (1, {"app.answers": "pass", "http.strangers": "fail"})


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_where_nothing_listens_there_are_findings(scheme: str, roots: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, document = check(capsys, f"{scheme}://[::1]:{unused_port()}", "--roots", roots)
    found = statuses(document)
    assert (status, found["host.seen"]) == (1, "pass")
    if scheme == "http":
        assert found["http.redirects"] == "fail"
    else:
        assert {name for name, one in found.items() if one == "fail"} == {"tls.trusted", "app.answers"}


def test_a_name_that_does_not_resolve_is_a_finding(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    status, document = check(capsys, "https://server", "--only", "app.answers")
    assert status == 1
    assert "Name or service not known" in document["findings"][0]["seen"][0]


def test_a_server_without_tls_is_a_finding(capsys: pytest.CaptureFixture[str]) -> None:
    with Server((LOOPBACK, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        status, document = check(capsys, f"https://{LOOPBACK}:{server.server_port}", "--only", "tls.trusted")
        server.shutdown()
        thread.join()
    assert (status, statuses(document)["tls.trusted"]) == (1, "fail")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["https://127.0.0.1:1", "--only", "host.memory"], "from outside nobody can look at host.memory"),
        (["https://127.0.0.1:1", "--only", "host.memroy"], "there is no check 'host.memroy'"),
        (["https://127.0.0.1:1", "--watch", "5"], "go with a folder, not with an address"),
        (["https://127.0.0.1:1", "--before"], "go with a folder, not with an address"),
        (["https://127.0.0.1:1/?a"], "cannot be checked"),
        (["https://127.0.0.1:1", "--roots", "/nowhere/root.pem"], "does not exist"),
        (["https://127.0.0.1:1", "--roots", __file__], "cannot be read"),
        ([".", "--roots", __file__], "--roots goes with an address"),
    ],
)
def test_what_cannot_be_asked_of_an_address_is_refused(
    words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, document = check(capsys, *words)
    assert (status, says in document["error"]["message"]) == (2, True), document


def test_what_can_be_checked_from_outside_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    status, document = check(capsys, "https://127.0.0.1:1", "--list")
    assert (status, [one["id"] for one in document["checks"]]) == (0, OUTSIDE)


def test_docker_is_not_imported_for_an_address() -> None:
    script = (
        "import json, sys; from scaffold import cli;"
        f" status = cli.run(['check', 'https://127.0.0.1:{unused_port()}', '--json']);"
        " print(json.dumps([status, 'docker' in sys.modules, 'scaffold.probe' in sys.modules]), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stderr.splitlines()[-1]) == [1, False, True]
