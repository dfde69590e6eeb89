"""A project under test: made by the installed `stack`, run unedited, taken away afterwards."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from scaffold.checks import CHECKS
from scaffold.project import RELOAD

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BIN = Path(sys.executable).parent
SILENT = "timeout awaiting response headers"
"""What becomes of an order that Pebble does not answer; once in some hundred it says nothing to a POST for 30 s."""
NOTHING_YET = {"app.stops", "http.ranges"}
"""Checks without anything to look at in a new project: nothing was stopped, and the example sends nothing in part."""


@dataclass(frozen=True)
class Page:
    """One answer."""

    status: int
    location: str
    text: str
    certificate: bytes
    headers: Mapping[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it said."""

    status: int
    out: str
    err: str
    seconds: float

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def finding(self, check: str) -> str:
        """Return what a check found: pass, fail, warn or skip."""
        return next(str(one["status"]) for one in self.json["findings"] if one["id"] == check)

    @property
    def failed(self) -> set[str]:
        """Return the ids of the checks that failed."""
        return {one["id"] for one in self.json["findings"] if one["status"] == "fail"}

    @property
    def healthy(self) -> bool:
        """Whether every check passed that has something to look at where a local authority signs."""
        skipped = {one["id"] for one in self.json["findings"] if one["status"] == "skip"}
        statuses = {one["status"] for one in self.json["findings"]}
        idle = {one.id for one in CHECKS if one.order} | {"tls.files"}
        return statuses == {"pass", "skip"} and idle <= skipped <= idle | NOTHING_YET

    @property
    def everything(self) -> str:
        """What to read when an assertion failed: the findings that are not passes first, so that no cut hides them."""
        with suppress(ValueError, KeyError, TypeError):
            notable = [one for one in self.json["findings"] if one["status"] != "pass"]
            told = {name: value for name, value in self.json.items() if name != "findings"}
            return self._told(json.dumps({"findings": notable, **told}, indent=1))
        return self._told(self.out)

    def _told(self, out: str) -> str:
        return f"status {self.status} after {self.seconds:.1f} s\n{out}\n{self.err}"


def run(
    *words: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None, stdin: str | None = None
) -> Done:
    """Run a command to its end."""
    started = time.monotonic()
    done = subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        input=stdin or "",
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return Done(done.returncode, done.stdout, done.stderr, time.monotonic() - started)


def docker(*words: str) -> str:
    """Run one docker command that has to succeed."""
    done = run("docker", *words)
    assert done.status == 0, done.everything
    return done.out.strip()


def free_ports(count: int) -> list[int]:
    """Return TCP ports that nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def eventually(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until a condition holds; AssertionError when it does not in time.

    Twice as long as Uvicorn waits for a worker that was killed just while it was asked, and a busy machine's share.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{condition} did not hold within {seconds} s"
        time.sleep(0.1)


def unique(label: str) -> str:
    """Return a project name that two checkouts on one machine do not share."""
    return f"e2e-{hashlib.sha256(str(ROOT).encode()).hexdigest()[:6]}-{label}"


@dataclass
class Stack:
    """One project in a folder. Ports come from the environment, which wins over .env; no file is edited."""

    folder: Path
    http_port: int
    https_port: int
    env: dict[str, str] = field(default_factory=dict)
    later: ExitStack = field(default_factory=ExitStack)
    """What a test has done that is still to be undone."""

    def __post_init__(self) -> None:
        self.env |= {"STACK_HTTP_PORT": str(self.http_port), "STACK_HTTPS_PORT": str(self.https_port)}
        self.env.setdefault("STACK_DNS_RESOLVERS", "127.0.0.1:1")  # nobody out there is asked

    @property
    def name(self) -> str:
        return self.folder.name

    def new(self, **answers: object) -> Done:
        """Make the project with `stack new --defaults`."""
        words = [word for name, value in answers.items() for word in ("--data", f"{name}={value}")]
        done = run(BIN / "stack", "new", self.folder, "--defaults", *words, env=self.env)
        assert done.status == 0, done.everything
        return done

    def take(self, app: Path) -> None:
        """Begin with somebody's app in the folder."""
        shutil.copytree(app, self.folder)

    def git(self, *words: str) -> str:
        """Run one git command in the folder, as a person with a name."""
        who = {
            f"GIT_{role}_{what}": "e2e@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
        }
        done = run("git", *words, cwd=self.folder, env={**who, "GIT_CONFIG_GLOBAL": os.devnull})
        assert done.status == 0, done.everything
        return done.out

    def stack(self, command: str, *words: str | Path) -> Done:
        """Run one command of the installed `stack` in the project, its result as JSON."""
        agreed = ("--yes",) if command in {"up", "rollback"} else ()
        return run(BIN / "stack", command, self.folder, "--json", *agreed, *words, env=self.env)

    def inside(self, *words: str, stdin: str | None = None) -> Done:
        """Run one command of `stack` as somebody who stands in the project."""
        return run(BIN / "stack", *words, cwd=self.folder, env=self.env, stdin=stdin)

    def compose(self, *words: str, stdin: str | None = None) -> Done:
        """Run plain `docker compose` in the project, as somebody without us would."""
        return run("docker", "compose", *words, cwd=self.folder, env=self.env, stdin=stdin)

    def sql(self, statement: str) -> str:
        """Return what the app's database answers, as its superuser on the socket."""
        words = ("exec", "--no-TTY", "postgres", "psql", "-U", "postgres", "-d", "app", "-v", "ON_ERROR_STOP=1", "-Atq")
        done = self.compose(*words, stdin=statement)
        assert done.status == 0, done.everything
        return done.out.strip()

    def override(self, text: str) -> None:
        """Lay something over the Compose files, as their owner may."""
        (self.folder / "compose.override.yaml").write_text(text)

    def edit(self, name: str, change: Callable[[str], str]) -> None:
        """Change a file for now."""
        path = self.folder / name
        text = path.read_text()
        assert change(text) != text
        self.later.callback(path.write_text, text)
        path.write_text(change(text))

    @contextmanager
    def reread(self, until: Callable[[], bool]) -> Iterator[None]:
        """Have Traefik read its files again after this block, until something holds; and when the block is undone."""
        self.later.callback(eventually, lambda: not until())
        self.later.callback((self.folder / RELOAD).touch)
        yield
        (self.folder / RELOAD).touch()
        eventually(until)

    def health(self, service: str) -> str:
        """Return the word of a service's healthcheck."""
        return docker("inspect", self.container(service), "--format", "{{.State.Health.Status}}")

    def said(self, service: str) -> str:
        """Return the last words of a service's healthcheck, and its verdict."""
        health = json.loads(docker("inspect", self.container(service), "--format", "{{json .State.Health}}"))
        return f"{health['Status']}: {health['Log'][-1]['Output'] if health['Log'] else ''}"

    def up(self) -> Done:
        """Bring it up, which has to succeed."""
        done = self.stack("up")
        if SILENT in done.everything:
            done = self.stack("up")
        assert done.status == 0, done.everything
        return done

    def container(self, service: str) -> str:
        """Return the id of a service's container."""
        return self.compose("ps", "--all", "--quiet", service).out.strip()

    def ids(self) -> dict[str, str]:
        """Return every container of the project, by name."""
        rows = docker(
            "ps",
            "-a",
            "--no-trunc",
            "--filter",
            f"label=com.docker.compose.project={self.name}",
            "--format",
            "{{json .}}",
        )
        return {row["Names"]: row["ID"] for row in map(json.loads, rows.splitlines())}

    def post(self, path: str, **body: object) -> Page:
        """Send a JSON document over HTTPS to localhost, whatever the certificate."""
        return self.get("localhost", path, {"Content-Type": "application/json"}, json.dumps(body))

    def get(self, host: str, path: str = "/", headers: Mapping[str, str] | None = None, body: str = "") -> Page:
        """Ask for a page over HTTPS, whatever the certificate; with a body it is a POST."""
        with (
            socket.create_connection(("127.0.0.1", self.https_port), timeout=10) as plain,
            self.secured(plain, host) as secured,
        ):
            connection = HTTPConnection(host, self.https_port)
            connection.sock = secured
            return _page(connection, path, headers or {}, secured.getpeercert(binary_form=True) or b"", body)

    def serves(self, host: str) -> bool:
        """Tell whether a name leads somewhere, whatever the certificate: Traefik shakes hands before it knows where."""
        try:
            return self.get(host, "/").text.strip() != "404 page not found"
        except (OSError, ssl.SSLError):
            return False

    def secured(self, plain: socket.socket, host: str = "localhost") -> ssl.SSLSocket:
        """Speak TLS on a connection, whatever the certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context.wrap_socket(plain, server_hostname=host)

    def get_plain(self, host: str, path: str) -> Page:
        """Ask for a page over plain HTTP."""
        with closing(HTTPConnection("127.0.0.1", self.http_port, timeout=10)) as connection:
            return _page(connection, path, {"Host": f"{host}:{self.http_port}"})

    def remove(self) -> None:
        """Take away everything the project made."""
        if (self.folder / "compose.yaml").exists():
            self.compose("down", "--volumes", "--remove-orphans", "--timeout", "2")
        for image in docker("image", "ls", "--quiet", f"{self.name}-app").splitlines():
            run("docker", "image", "rm", "--force", image)
        shutil.rmtree(self.folder, ignore_errors=True)

    def logs(self) -> str:
        """Return the end of what its containers wrote; nothing of a project that was not made yet."""
        if not self.folder.exists():
            return ""
        return self.compose("logs", "--no-color", "--tail", "15").out


def kill(stack: Stack, service: str) -> None:
    """Kill a service's first process as the kernel would, and wait until Docker has started it again.

    `docker kill` counts as stopped by hand, and Docker would leave it at that.
    """
    container = stack.container(service)
    before = docker("inspect", container, "--format", "{{.RestartCount}}")
    os.kill(int(docker("inspect", container, "--format", "{{.State.Pid}}")), signal.SIGKILL)
    eventually(lambda: docker("inspect", container, "--format", "{{.RestartCount}}") != before)


def _page(
    connection: HTTPConnection, path: str, headers: Mapping[str, str], certificate: bytes = b"", body: str = ""
) -> Page:
    connection.request("POST" if body else "GET", path, body or None, headers=dict(headers))
    answer = connection.getresponse()
    text = answer.read().decode()
    return Page(answer.status, answer.getheader("Location", ""), text, certificate, dict(answer.getheaders()))
