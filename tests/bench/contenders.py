"""Who is compared: the template as it is, the documentation's recipe, nginx in Traefik's place, each half alone."""

from __future__ import annotations

import json
import shutil
import ssl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from socket import create_connection

import trustme

from tests.e2e.load import unverified
from tests.e2e.stacks import ROOT, Done, Stack, docker, eventually, free_ports, run
from tests.rig.images import template_images

from .pressure import Target

HERE = Path(__file__).parent
WORK = ROOT / ".bench/work"
APPS = HERE / "apps"
TEMPLATE, RECIPE, ALONE, NGINX, CEILING = "template", "recipe", "app alone", "nginx", "proxy alone"
"""Names of contenders, as the table has them."""
FIXED = """\
# Traefik's own answer, behind everything that it does for an app's
http:
  routers:
    fixed:
      rule: Host(`localhost`) && Path(`/plain`)
      priority: 1000
      service: ping@internal
"""
PROJECT = "label=com.docker.compose.project="


class NotServed(Exception):
    """A contender did not come up."""


def image(name: str) -> str:
    """Return the image of that name that the template uses, with its tag."""
    return next(one for one in template_images() if one.startswith(f"{name}:"))


def python_version() -> str:
    """Return the version of Python that the template uses."""
    return image("python").partition(":")[2].partition("-")[0]


def reserved(label: str) -> Stack:
    """Return a stack to be made below .bench, with two ports that are free."""
    folder = WORK / f"bench-{label}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    http_port, https_port = free_ports(2)
    return Stack(folder, http_port, https_port, {"XDG_DATA_HOME": str(WORK / "data")})


@contextmanager
def made(label: str, app: str = "plain", **answers: object) -> Iterator[Stack]:
    """Give the unedited render of `stack new --defaults` for an app, up and green; take it away afterwards."""
    stack = reserved(label)
    try:
        stack.take(APPS / app)
        stack.new(**answers)
        green(stack.stack("up"))
        yield stack
    finally:
        stack.remove()


def green(done: Done) -> None:
    """See that every check has passed, or had nothing to look at."""
    if done.status or not {one["status"] for one in done.json["findings"]} <= {"pass", "skip"}:
        raise NotServed(done.everything)


def target(stack: Stack, service: str = "traefik", url: str = "") -> Target:
    """Return where the generator has to stand for a service of a stack."""
    return Target(stack.container(service), url or f"https://localhost:{stack.https_port}", stack.container("app"))


@dataclass
class Recipe:
    """The documentation's Dockerfile, and a Traefik with its defaults in front."""

    folder: Path
    port: int
    env: dict[str, str] = field(default_factory=dict)

    def compose(self, *words: str) -> Done:
        return run("docker", "compose", *words, cwd=self.folder, env=self.env)

    def target(self) -> Target:
        proxy, app = (self.compose("ps", "--quiet", name).out.strip() for name in ("traefik", "app"))
        return Target(proxy, "https://localhost:443", app)


@contextmanager
def recipe(app: str = "plain") -> Iterator[Recipe]:
    """Give the recipe's stack, up; take it away afterwards."""
    folder, (port,) = WORK / "bench-recipe", free_ports(1)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(APPS / app, folder)
    for name in ("Dockerfile", "compose.yaml"):
        shutil.copy(HERE / "recipe" / name, folder)
    images = {"TRAEFIK": image("traefik"), "POSTGRES": image("postgres")}
    one = Recipe(folder, port, {"HTTPS_PORT": str(port), "PYTHON_VERSION": python_version(), **images})
    try:
        up = one.compose("up", "--detach", "--build", "--wait")
        if up.status:
            raise NotServed(up.everything)
        yield one
    finally:
        one.compose("down", "--volumes", "--timeout", "2", "--rmi", "local")
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def nginx(stack: Stack) -> Iterator[Target]:
    """Give nginx in front of a stack's app, in the network in which Traefik is."""
    folder, name = WORK / "nginx", f"{stack.name}-nginx"
    folder.mkdir(parents=True, exist_ok=True)
    trustme.CA().issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(folder / "certificate.pem"))
    text = (HERE / "nginx.conf").read_text().replace("APP", f"{stack.name}-app-1")
    (folder / "nginx.conf").write_text(text)
    mounts = (f"{folder}/nginx.conf:/etc/nginx/nginx.conf:ro", f"{folder}/certificate.pem:/certificate.pem:ro")
    run("docker", "rm", "--force", name)
    docker(
        *("run", "--detach", "--name", name, "--network", f"{stack.name}_edge"),
        *(word for mount in mounts for word in ("--volume", mount)),
        image("nginx"),
    )
    try:
        yield Target(name, "https://localhost:443", stack.container("app"))
    finally:
        run("docker", "rm", "--force", "--volumes", name)


@contextmanager
def ceiling() -> Iterator[Target]:
    """Give the template's proxy with an answer of its own, and no app."""
    stack = reserved("ceiling")
    try:
        stack.new()
        (stack.folder / "traefik/dynamic/fixed.yaml").write_text(FIXED)
        up = stack.compose("up", "--detach", "--wait", "traefik")
        if up.status:
            raise NotServed(up.everything)
        yield target(stack)
    finally:
        stack.remove()


def page(where: Target, path: str) -> bytes:
    """Return what is answered to one request, whatever the certificate; NotServed for an answer that is no good."""
    state = json.loads(docker("inspect", where.container))[0]["NetworkSettings"]["Networks"]
    scheme, _, rest = where.url.partition("://")
    port = int(rest.rpartition(":")[2])
    address = next(one["IPAddress"] for one in state.values() if one["IPAddress"])
    with create_connection((address, port), timeout=10) as plain:
        connection = HTTPConnection("localhost", port, timeout=10)
        connection.sock = unverified().wrap_socket(plain, server_hostname="localhost") if scheme == "https" else plain
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
    if answer.status != 200:
        raise NotServed(f"{where.url}{path}: {answer.status} {body[:200]!r}")
    return body


def awaited(where: Target, path: str) -> None:
    """Wait until somebody answers."""

    def answers() -> bool:
        try:
            return bool(page(where, path))
        except (NotServed, OSError, ssl.SSLError, ValueError):
            return False

    eventually(answers)


@contextmanager
def serving() -> Iterator[tuple[Stack, Mapping[str, Target]]]:
    """Give everybody who serves the same app, at work side by side; and the template's stack."""
    with ExitStack() as stack:
        ours = stack.enter_context(made("template", postgres="true"))
        found = {
            RECIPE: stack.enter_context(recipe()).target(),
            TEMPLATE: target(ours),
            ALONE: target(ours, "app", "http://localhost:8000"),
            NGINX: stack.enter_context(nginx(ours)),
            CEILING: stack.enter_context(ceiling()),
        }
        for one in found.values():
            awaited(one, "/plain")
        yield ours, found
