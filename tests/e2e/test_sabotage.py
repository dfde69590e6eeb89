"""The real stack, broken in one way: exactly that check fails."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from scaffold import authority

from .between import Spoil, between
from .conftest import Make
from .stacks import Stack, docker, eventually, kill, run

OVERRIDE = "compose.override.yaml"
Sabotage = Callable[[Stack], None]
sabotages = pytest.mark.sabotages


def stop_redis(stack: Stack) -> None:
    docker("stop", stack.container("redis"))


def forget_the_step_before_the_app(stack: Stack) -> None:
    docker("rm", stack.container("prestart"))


def drain_the_app(stack: Stack) -> None:
    docker("exec", stack.container("app"), "touch", "/tmp/drain")
    eventually(lambda: "unhealthy" in docker("inspect", stack.container("app"), "--format", "{{.State.Health.Status}}"))


def stop_the_socket_proxy(stack: Stack) -> None:
    docker("stop", stack.container("socket-proxy"))


def sign_by_a_stranger(stack: Stack) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(stack.folder.parent / "stranger"))
        authority.sign(stack.folder, ("localhost",), datetime.now(UTC))
    restart_traefik(stack)


def sign_for_another_name(stack: Stack) -> None:
    authority.sign(stack.folder, ("elsewhere.test",), datetime.now(UTC))
    restart_traefik(stack)


def sign_long_ago(stack: Stack) -> None:
    authority.sign(stack.folder, ("localhost",), datetime.now(UTC) - authority.LEAF_LIFE + timedelta(days=5))
    restart_traefik(stack)


def restart_traefik(stack: Stack) -> None:
    docker("restart", stack.container("traefik"))
    assert stack.compose("up", "--detach", "--wait").status == 0


def secret(stack: Stack, name: str) -> Path:
    return stack.folder / "secrets" / name


# ------------------------------------------------------------------ what is undone at once


def lay(stack: Stack, service: str, override: str) -> None:
    """Lay something over one service, for now."""
    stack.later.callback(anew, stack, service)
    stack.later.callback((stack.folder / OVERRIDE).unlink)
    (stack.folder / OVERRIDE).write_text(override)
    anew(stack, service)


def anew(stack: Stack, service: str) -> None:
    """Have a service run as its files say by now; `up` would run again what is to run once."""
    made = stack.compose("create", service)
    assert made.status == 0, made.everything
    docker("start", stack.container(service))
    recovers(stack, service)


def recovers(stack: Stack, service: str) -> None:
    """Wait until a service that was started again is healthy."""
    eventually(lambda: stack.health(service) == "healthy", 60)


def remember(stack: Stack, service: str) -> None:
    """Have what happens to a container forgotten with it."""
    stack.later.callback(anew, stack, service)
    stack.later.callback(docker, "rm", "--force", stack.container(service))


def empty_a_password(stack: Stack) -> None:
    stack.edit("secrets/redis_password", lambda _: "")


def write_a_line_that_is_none(stack: Stack) -> None:
    stack.edit("secrets/app.env", lambda _: "API_KEY: value\n")


def leave_a_placeholder(stack: Stack) -> None:
    stack.edit("secrets/app.env", lambda _: "API_KEY=changeme\n")


def let_everybody_write_a_secret(stack: Stack) -> None:
    path = secret(stack, "app.env")
    stack.later.callback(path.chmod, path.stat().st_mode)
    path.chmod(0o666)


def give_git_a_secret(stack: Stack) -> None:
    stack.later.callback(shutil.rmtree, stack.folder / ".git")
    stack.git("init", "--quiet")
    stack.git("add", "--force", "secrets/app.env")


def bring_data_of_another_version(stack: Stack) -> None:
    write = 'echo {} > "$PGDATA/PG_VERSION"'
    stack.later.callback(docker, "exec", stack.container("postgres"), "sh", "-c", write.format(18))
    docker("exec", stack.container("postgres"), "sh", "-c", write.format(17))


def publish_the_app(stack: Stack) -> None:
    lay(stack, "app", "services: {app: {ports: ['8000']}}")


def send_a_worker_away(stack: Stack) -> None:
    """Uvicorn goes by these two signals; `docker kill` would count as stopped by hand."""
    app = stack.container("app")
    server = int(docker("inspect", app, "--format", "{{.State.Pid}}"))
    stack.later.callback(eventually, lambda: len(workers(app)) == WORKERS)
    stack.later.callback(os.kill, server, signal.SIGTTIN)
    os.kill(server, signal.SIGTTOU)
    eventually(lambda: len(workers(app)) < WORKERS)


def name_an_address_that_is_none(stack: Stack) -> None:
    stack.later.callback(stack.env.pop, "STACK_ADDRESSES")
    stack.env["STACK_ADDRESSES"] = "here"


def remove_what_is_mounted(stack: Stack) -> None:
    (stack.folder / "extra.txt").touch()
    lay(stack, "redis", "services: {redis: {volumes: ['./extra.txt:/extra.txt:ro']}}")
    (stack.folder / "extra.txt").unlink()


def redirect_for_now_only(stack: Stack) -> None:
    name = "TRAEFIK_ENTRYPOINTS_WEB_HTTP_REDIRECTIONS_ENTRYPOINT_PERMANENT"
    lay(stack, "traefik", f"services: {{traefik: {{environment: {{{name}: 'false'}}}}}}")


def fail_at_the_front_page(stack: Stack) -> None:
    have_an_app(stack, FAILING)


def hide_the_app_from_traefik(stack: Stack) -> None:
    lay(stack, "app", "services: {app: {labels: {traefik.enable: 'false'}}}")


def trust_loopback_only(stack: Stack) -> None:
    lay(stack, "app", "services: {app: {command: [uvicorn, app.main:app, --host=0.0.0.0, --workers=2]}}")


def take_anybodys_word(stack: Stack) -> None:
    name = "TRAEFIK_ENTRYPOINTS_WEBSECURE_FORWARDEDHEADERS_INSECURE"
    lay(stack, "traefik", f"services: {{traefik: {{environment: {{{name}: 'true'}}}}}}")


def ask_an_engine_that_says(stack: Stack, what: str, **news: str) -> None:
    """Have the engine say something else about itself."""
    spoil: Mapping[str, Spoil] = {f"/{what}$": lambda document: document | news}
    stack.env["DOCKER_HOST"] = stack.later.enter_context(between(spoilt=spoil)).address
    stack.later.callback(stack.env.pop, "DOCKER_HOST")


def use_an_old_compose(stack: Stack) -> None:
    folder = stack.folder.parent / "bin"
    folder.mkdir()
    stack.later.callback(shutil.rmtree, folder)
    real = shutil.which("docker")
    script = f'#!/bin/sh\n[ "$1 $2" = "compose version" ] && echo 2.20.3 && exit\nexec {real} "$@"\n'
    (folder / "docker").write_text(script)
    (folder / "docker").chmod(0o755)
    stack.env["PATH"] = f"{folder}:{os.environ['PATH']}"
    stack.later.callback(stack.env.pop, "PATH")


def fill_the_disk(stack: Stack) -> None:
    ask_an_engine_that_says(stack, "info", DockerRootDir="/proc")  # which has room for nothing


def ask_an_engine_that_is_too_new(stack: Stack) -> None:
    old = f"{stack.name}/traefik:v3.5.0"
    docker("tag", "traefik:v3.7.15", old)
    stack.later.callback(docker, "image", "rm", old)
    lay(stack, "traefik", f"services: {{traefik: {{image: '{old}'}}}}")
    ask_an_engine_that_says(stack, "version", MinAPIVersion="1.44")


def forget_to_start_again(stack: Stack) -> None:
    stack.later.callback(docker, "update", "--restart", "unless-stopped", stack.container("redis"))
    docker("update", "--restart", "no", stack.container("redis"))


def log_without_an_end(stack: Stack) -> None:
    lay(stack, "redis", "services: {redis: {logging: !override {driver: json-file}}}")


def lift_a_limit(stack: Stack) -> None:
    lay(stack, "redis", "services: {redis: {mem_limit: 0}}")


def change_a_container_behind_the_files(stack: Stack) -> None:
    redis = stack.container("redis")
    stack.later.callback(docker, "update", "--memory", "256m", "--memory-swap", "512m", redis)
    docker("update", "--memory", "300m", "--memory-swap", "600m", redis)


def kill_a_worker(stack: Stack) -> None:
    remember(stack, "app")
    app = stack.container("app")
    os.kill(workers(app)[0], signal.SIGKILL)
    eventually(lambda: "died" in everything_said(app) and len(workers(app)) == WORKERS)
    recovers(stack, "app")


def kill_redis(stack: Stack) -> None:
    remember(stack, "redis")
    kill(stack, "redis")
    recovers(stack, "redis")


def take_all_the_memory(stack: Stack) -> None:
    stack.later.callback(again, stack, "app")
    done = run("docker", "exec", stack.container("app"), "python", "-c", "b'x' * 2**32")
    assert done.status == 137, done.everything


def run_as_root(stack: Stack) -> None:
    lay(stack, "app", "services: {app: {user: '0:0'}}")


def start_another_image(stack: Stack) -> None:
    """Build one by hand under the name that runs, as somebody who is in a hurry does."""
    current = f"{stack.name}-app:current"
    stack.later.callback(stack.compose, "up", "--detach", "--wait", "app")
    stack.later.callback(docker, "tag", docker("inspect", current, "--format", "{{.Id}}"), current)
    built = run("docker", "build", "--tag", current, "-", stdin=f"FROM {current}\nLABEL by=hand\n")
    assert built.status == 0, built.everything
    up = stack.compose("up", "--detach", "--wait", "app")
    assert up.status == 0, up.everything


def speak_http_1_only(stack: Stack) -> None:
    with stack.reread(lambda: agreed(stack) == "http/1.1"):
        stack.edit("traefik/dynamic/tls.yaml", lambda text: f"{text}      alpnProtocols: [http/1.1]\n")


def speak_old_versions(stack: Stack) -> None:
    suites = "      cipherSuites:\n        - TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA\n"
    with stack.reread(lambda: agreed(stack, "ECDHE-ECDSA-AES128-SHA") == "h2"):
        stack.edit(
            "traefik/dynamic/tls.yaml",
            lambda text: text.replace("VersionTLS12", "VersionTLS10").replace("      cipherSuites:\n", suites),
        )


def leave_a_header_out(stack: Stack) -> None:
    with stack.reread(lambda: "X-Content-Type-Options" not in stack.get("localhost").headers):
        stack.edit("traefik/dynamic/headers.yaml", lambda text: text.replace("Nosniff: true", "Nosniff: false"))


def insist_on_https_for_a_trial(stack: Stack) -> None:
    with stack.reread(lambda: "Strict-Transport-Security" in stack.get("localhost").headers):
        stack.edit("traefik/dynamic/headers.yaml", lambda text: re.sub("stsSeconds: .*", "stsSeconds: 300", text))


def let_strangers_in(stack: Stack) -> None:
    file = stack.folder / "traefik/dynamic/strangers.yaml"
    eventually(lambda: stack.serves("localhost"))  # whoever was here before may have made the app anew
    with stack.reread(lambda: stack.get("stranger.test").status == HTTPStatus.OK):
        stack.later.callback(file.unlink)
        file.write_text(STRANGERS.format(stack.name))


def take_any_size(stack: Stack) -> None:
    stack.later.callback(anew, stack, "traefik")
    stack.later.callback(stack.env.pop, "STACK_UPLOAD_MB")
    stack.env["STACK_UPLOAD_MB"] = "1"
    stack.edit("traefik/dynamic/uploads.yaml", lambda text: text.replace("priority: 1000000", "priority: 1"))
    anew(stack, "traefik")


def compress_parts(stack: Stack) -> None:
    have_an_app(stack, COMPRESSING)


def serve_no_certificate(stack: Stack) -> None:
    away = stack.folder.parent / "away"
    away.mkdir()
    stack.later.callback(away.rmdir)
    with stack.reread(lambda: b"TRAEFIK DEFAULT CERT" in stack.get("localhost").certificate):
        for path in (stack.folder / "secrets/tls").glob("local.*"):
            stack.later.callback((away / path.name).rename, path)
            path.rename(away / path.name)


def serve_one_for_trials(stack: Stack) -> None:
    certificate, key = for_trials("localhost")
    with stack.reread(lambda: b"Pretend Pear" in stack.get("localhost").certificate):
        put(stack, "local.crt", certificate)
        put(stack, "local.key", key)


def open_traefiks_api(stack: Stack) -> None:
    lay(stack, "traefik", "services: {traefik: {environment: {TRAEFIK_API_INSECURE: 'true'}}}")


def give_redis_the_socket(stack: Stack) -> None:
    socket = os.environ.get("STACK_DOCKER_SOCKET", "/var/run/docker.sock")
    lay(stack, "redis", f"services: {{redis: {{volumes: ['{socket}:/run/docker.sock:ro']}}}}")


def let_everything_through(stack: Stack) -> None:
    stack.later.callback(again, stack, "socket-proxy")
    stack.edit("socket-proxy/haproxy.cfg", lambda text: re.sub("http-request deny.*", "", text))
    again(stack, "socket-proxy")


def ask_for_a_middleware_that_is_not_there(stack: Stack) -> None:
    label = f"traefik.http.routers.{stack.name}-others.middlewares=nowhere@docker"
    lay(stack, "app", f"services: {{app: {{labels: ['{label}']}}}}")
    eventually(lambda: "nowhere@docker" in stack.compose("logs", "traefik").out)


def keep_the_app_from_its_data(stack: Stack) -> None:
    have_an_app(stack, PLAIN, "networks: !override [edge]")


def bring_the_database_to_the_proxy(stack: Stack) -> None:
    place = (f"{stack.name}_edge", stack.container("postgres"))
    stack.later.callback(docker, "network", "disconnect", *place)
    docker("network", "connect", *place)


def publish_redis(stack: Stack) -> None:
    # Docker publishes nothing on a network without a way out, which is all that Redis has by its files.
    stack.later.callback(docker, "network", "rm", f"{stack.name}_outside")
    lay(stack, "redis", "{services: {redis: {ports: ['6379'], networks: [outside]}}, networks: {outside: {}}}")


def write_nothing_down(stack: Stack) -> None:
    stack.later.callback(tell_redis, stack, "config", "set", "appendonly", "yes")
    tell_redis(stack, "config", "set", "appendonly", "no")


def keep_data_where_there_is_no_room(stack: Stack) -> None:
    volume = "small: {driver: local, driver_opts: {type: tmpfs, device: tmpfs, o: 'size=64m,mode=1777'}}"
    stack.later.callback(docker, "volume", "rm", f"{stack.name}_small")
    lay(stack, "app", f"{{services: {{app: {{volumes: ['small:/srv/small']}}}}, volumes: {{{volume}}}}}")
    docker("exec", stack.container("app"), "dd", "if=/dev/zero", "of=/srv/small/full", "bs=1M", "count=63")


def write_a_secret_into_the_environment(stack: Stack) -> None:
    value = secret(stack, "redis_password").read_text().strip()
    lay(stack, "redis", f"services: {{redis: {{environment: {{PASSWORD: '{value}'}}}}}}")


WORKERS = 2
STRANGERS = """
http:
  routers:
    everybody:
      rule: PathPrefix(`/`)
      priority: 2
      service: {}-app@docker
"""
PLAIN = """
from fastapi import FastAPI

app = FastAPI()


@app.get("/")
@app.get("/healthz")
async def alive() -> str:
    return "alive"
"""
FAILING = """
from fastapi import FastAPI

app = FastAPI()


@app.get("/healthz")
async def alive() -> str:
    return "alive"


@app.get("/")
async def root() -> str:
    raise RuntimeError
"""
COMPRESSING = """
import gzip
import ssl

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse

app = FastAPI()


@app.middleware("http")
async def compress(request: Request, call_next):
    answer = await call_next(request)
    body = gzip.compress(b"".join([part async for part in answer.body_iterator]))
    headers = {**answer.headers, "content-encoding": "gzip", "content-length": str(len(body))}
    return Response(body, answer.status_code, headers)


@app.get("/")
@app.get("/healthz")
async def alive() -> FileResponse:
    return FileResponse(ssl.__file__)
"""


def have_an_app(stack: Stack, text: str, also: str = "init: false") -> None:
    """Mount another app over the one in the image."""
    file = stack.folder / "other.py"
    stack.later.callback(file.unlink)
    file.write_text(text)
    lay(stack, "app", f"services: {{app: {{volumes: ['./other.py:/srv/app/main.py:ro'], {also}}}}}")


def again(stack: Stack, service: str) -> None:
    docker("restart", "--time", "1", stack.container(service))
    recovers(stack, service)


def workers(container: str) -> list[int]:
    """Return the process ids, on this machine, of an app's workers."""
    rows = (line.split(maxsplit=1) for line in docker("top", container, "-eo", "pid,args").splitlines()[1:])
    return [int(pid) for pid, words in rows if "spawn_main" in words]


def everything_said(container: str) -> str:
    said = run("docker", "logs", container)
    return said.out + said.err


def agreed(stack: Stack, suites: str = "") -> str | None:
    """Return what a client that can HTTP/2 agrees on with Traefik; by some suites of TLS 1.2, None for nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2", "http/1.1"])
    if suites:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(suites)
    try:
        with (
            socket.create_connection(("127.0.0.1", stack.https_port), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as secured,
        ):
            return secured.selected_alpn_protocol()
    except ssl.SSLError:
        return None


def for_trials(host: str) -> tuple[bytes, bytes]:
    """Return a certificate whose issuer is called as Let's Encrypt's for trials is, and its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "(STAGING) Pretend Pear X1")])
    builder = x509.CertificateBuilder(issuer, x509.Name([]), key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=89))
    names = x509.SubjectAlternativeName([x509.DNSName(host)])
    leaf = builder.add_extension(names, critical=True).sign(key, hashes.SHA256())
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return leaf.public_bytes(pem), key.private_bytes(pem, form, serialization.NoEncryption())


def put(stack: Stack, name: str, content: bytes) -> None:
    """Lay a file into secrets/tls, in the place of another one, for now."""
    path = stack.folder / "secrets/tls" / name
    kept = path.rename(stack.folder.parent / name)
    stack.later.callback(kept.rename, path)
    path.write_bytes(content)
    path.chmod(0o444)


def tell_redis(stack: Stack, *words: str) -> None:
    script = 'REDISCLI_AUTH="$(cat /run/secrets/redis_password)" exec redis-cli -e "$@"'
    docker("exec", stack.container("redis"), "sh", "-c", script, "sh", *words)


LIGHT = (
    pytest.param(remove_what_is_mounted, marks=sabotages("host.files")),
    pytest.param(name_an_address_that_is_none, marks=sabotages("host.settings")),
    pytest.param(empty_a_password, marks=sabotages("secrets.present")),
    pytest.param(write_a_line_that_is_none, marks=sabotages("secrets.settings")),
    pytest.param(leave_a_placeholder, marks=sabotages("host.placeholders")),
    pytest.param(let_everybody_write_a_secret, marks=sabotages("secrets.private")),
    pytest.param(give_git_a_secret, marks=sabotages("secrets.untracked")),
    pytest.param(bring_data_of_another_version, marks=sabotages("data.version")),
    pytest.param(publish_the_app, marks=sabotages("proxy.ports")),
    pytest.param(send_a_worker_away, marks=sabotages("app.workers")),
    pytest.param(redirect_for_now_only, marks=sabotages("http.redirects")),
    pytest.param(fail_at_the_front_page, marks=sabotages("app.answers")),
    pytest.param(hide_the_app_from_traefik, marks=sabotages("app.answers")),
    # A server that does not believe Traefik gets both wrong: there is no way to break one alone.
    pytest.param(trust_loopback_only, marks=sabotages("app.scheme", "app.client")),
    pytest.param(take_anybodys_word, marks=sabotages("app.forged")),
    pytest.param(use_an_old_compose, marks=sabotages("host.engine")),
    pytest.param(ask_an_engine_that_is_too_new, marks=sabotages("host.api")),
    pytest.param(fill_the_disk, marks=sabotages("host.disk")),
    pytest.param(forget_to_start_again, marks=sabotages("host.boot")),
    pytest.param(log_without_an_end, marks=sabotages("host.logs")),
    pytest.param(change_a_container_behind_the_files, marks=sabotages("drift.containers")),
    pytest.param(kill_a_worker, marks=sabotages("app.died")),
    pytest.param(kill_redis, marks=sabotages("app.restarts")),
    pytest.param(lift_a_limit, marks=sabotages("app.memory")),
    pytest.param(take_all_the_memory, marks=sabotages("app.starved")),
    pytest.param(run_as_root, marks=sabotages("app.confined")),
    pytest.param(start_another_image, marks=sabotages("app.image")),
    pytest.param(speak_http_1_only, marks=sabotages("http.h2")),
    pytest.param(compress_parts, marks=sabotages("http.ranges")),
    pytest.param(leave_a_header_out, marks=sabotages("http.headers")),
    pytest.param(take_any_size, marks=sabotages("http.limit")),
    pytest.param(let_strangers_in, marks=sabotages("http.strangers")),
    pytest.param(serve_no_certificate, marks=sabotages("tls.default")),
    pytest.param(serve_one_for_trials, marks=sabotages("tls.staging")),
    pytest.param(speak_old_versions, marks=sabotages("tls.old")),
    pytest.param(insist_on_https_for_a_trial, marks=sabotages("tls.hsts")),
    pytest.param(open_traefiks_api, marks=sabotages("proxy.api")),
    pytest.param(give_redis_the_socket, marks=sabotages("proxy.socket")),
    pytest.param(let_everything_through, marks=sabotages("proxy.readonly")),
    pytest.param(ask_for_a_middleware_that_is_not_there, marks=sabotages("proxy.routers")),
    pytest.param(keep_the_app_from_its_data, marks=sabotages("data.reached")),
    pytest.param(bring_the_database_to_the_proxy, marks=sabotages("data.private")),
    pytest.param(publish_redis, marks=sabotages("data.published")),
    pytest.param(write_nothing_down, marks=sabotages("data.persistent")),
    pytest.param(keep_data_where_there_is_no_room, marks=sabotages("data.room")),
    pytest.param(write_a_secret_into_the_environment, marks=sabotages("secrets.inspect")),
)
"""What undoes itself."""
HEAVY = (
    pytest.param(stop_redis, marks=sabotages("data.healthy")),
    pytest.param(forget_the_step_before_the_app, marks=sabotages("app.prestart")),
    pytest.param(drain_the_app, marks=sabotages("app.healthy")),
    pytest.param(stop_the_socket_proxy, marks=sabotages("proxy.healthy")),
    pytest.param(sign_by_a_stranger, marks=sabotages("tls.trusted")),
    pytest.param(sign_for_another_name, marks=sabotages("tls.names")),
    pytest.param(sign_long_ago, marks=sabotages("tls.days")),
)
"""What is undone by `stack up`."""


@pytest.fixture(scope="module")
def stack(make: Make) -> Iterator[Stack]:
    stack = make("sabotage")
    stack.new(postgres="true", redis="true")
    stack.up()
    yield stack
    stack.up()  # files were changed, and changed back
    assert stack.stack("up", "--dry-run").json["plan"] == []


@pytest.fixture
def healthy(stack: Stack) -> Iterator[Stack]:
    """The stack, and whatever was done to it undone by `stack up`."""
    yield stack
    stack.up()


@pytest.fixture
def mended(stack: Stack) -> Iterator[Stack]:
    """The stack, and whatever was done to it undone by whoever did it."""
    with stack.later:
        yield stack


@pytest.mark.parametrize("sabotage", HEAVY)
def test_exactly_this_check_fails(healthy: Stack, sabotage: Sabotage, request: pytest.FixtureRequest) -> None:
    broken(healthy, sabotage, request.node)


@pytest.mark.parametrize("sabotage", LIGHT)
def test_exactly_this_check_fails_for_now(mended: Stack, sabotage: Sabotage, request: pytest.FixtureRequest) -> None:
    broken(mended, sabotage, request.node)


def broken(stack: Stack, sabotage: Sabotage, item: pytest.Item) -> None:
    """Break a stack, and see the checks fail that a test is marked with, and no other."""
    mark = item.get_closest_marker("sabotages")
    assert mark

    sabotage(stack)
    found = stack.stack("check")

    assert found.status == 1, found.everything
    assert found.failed == set(mark.args), found.everything
