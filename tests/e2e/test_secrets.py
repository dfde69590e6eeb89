"""What nobody else may know is where it is needed, and nowhere else; and it can be changed."""

from __future__ import annotations

import gzip
import io
import json
import re
import subprocess
import tarfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import pytest

from .conftest import Make
from .stacks import BIN, Done, Stack, docker, run

ODD = "it's $HOME, ${X:-y} & 100 % \"quoted\" \\n #5 'x' \u2603"
"""Whatever a person may have for a secret: something in each of the languages that it passes through."""
LINES = "-----BEGIN KEY-----\nabc+/=\n-----END KEY-----\n"


@pytest.fixture(scope="module")
def stack(make: Make) -> Stack:
    """A stack in a git repository, with settings of its owner's."""
    stack = make("secrets")
    stack.new(postgres="true", redis="true")
    stack.git("init", "--quiet")
    stack.git("add", "--all")
    stack.git("commit", "--quiet", "--message", "everything")
    for name, value in (("TOKEN", ODD), ("SIGNING_KEY", LINES)):
        assert stack.inside("secret", "set", name, stdin=value + "\n").status == 0
    stack.up()
    return stack


def environment(stack: Stack) -> dict[str, str]:
    """Return the environment of the running server, as the kernel has it."""
    program = "import sys; sys.stdout.buffer.write(open('/proc/1/environ', 'rb').read())"
    done = stack.compose("exec", "--no-TTY", "app", "python", "-c", program)
    return dict(line.split("=", 1) for line in done.out.split("\0") if line)


def test_a_persons_own_values_reach_the_app_as_they_are(stack: Stack) -> None:
    seen = environment(stack)

    assert (seen["TOKEN"], seen["SIGNING_KEY"]) == (ODD, LINES)
    assert seen["DATABASE_URL"].startswith("postgresql://app:")
    assert seen["REDIS_URL"].startswith("redis://:")


def test_a_session_beside_the_app_has_the_same_environment_and_another_has_not(stack: Stack) -> None:
    show = ("python", "-c", "import os; print(os.environ.get('TOKEN'))")

    assert stack.inside("exec", "app", "--", *show).out.strip() == ODD
    assert stack.compose("exec", "--no-TTY", "app", *show).out.strip() == "None"
    assert stack.inside("exec", "--", "sh", "-c", "exit 7").status == 7
    assert stack.inside("psql", "--", "-Atc", "SELECT current_user, current_database()").out.strip() == "postgres|app"
    assert stack.inside("redis", "--", "PING").out.strip() == "PONG"


def test_names_are_told_and_values_are_not(stack: Stack) -> None:
    listed = stack.inside("secret", "list")

    assert listed.status == 0, listed.everything
    assert {"TOKEN", "SIGNING_KEY", "postgres_password"} <= set(re.split(r"[^\w]+", listed.out))
    assert ODD not in listed.everything
    assert {"TOKEN", "SIGNING_KEY"} <= set(stack.inside("secret", "list", "--json").json["settings"])


def test_a_changed_setting_is_noticed_and_restarts_what_reads_it(stack: Stack) -> None:
    stack.up()
    database = docker("inspect", stack.container("postgres"), "--format", "{{.State.StartedAt}}")
    assert stack.inside("secret", "set", "GREETING", stdin="hello").status == 0

    noticed = stack.up()

    begun = [step for step in noticed.json["plan"] if step.startswith(("restart", "start", "run"))]
    assert len(begun) == 1
    assert begun[0].startswith("start one app of ")
    assert begun[0].endswith(": secrets/app.env changed after it had started")
    assert environment(stack)["GREETING"] == "hello"
    assert docker("inspect", stack.container("postgres"), "--format", "{{.State.StartedAt}}") == database
    assert stack.stack("up").json["plan"] == []
    assert stack.inside("secret", "remove", "GREETING").status == 0
    stack.up()
    assert "GREETING" not in environment(stack)


# ------------------------------------------------------------------ a new password


@pytest.mark.parametrize("store", ["postgres", "redis"])
def test_a_new_password_is_the_stores_and_the_apps_and_the_old_one_is_nobodys(stack: Stack, store: str) -> None:
    file = stack.folder / f"secrets/{store}_password"
    old, url = file.read_text().strip(), "DATABASE_URL" if store == "postgres" else "REDIS_URL"
    note = stack.post("/notes", text="from before").json

    rotated = stack.inside("secret", "rotate", store)

    assert rotated.status == 0, rotated.everything
    new = file.read_text().strip()
    assert new != old
    assert new in environment(stack)[url]
    assert (file.stat().st_mode & 0o777, (stack.folder / "secrets").stat().st_mode & 0o777) == (0o444, 0o700)
    assert note in stack.get("localhost", "/notes").json
    assert stack.get("localhost", "/visits").status == 200
    assert stack.stack("up").json["plan"] == []
    assert "refused" in tried(stack, store, old)
    assert tried(stack, store, new) == "welcome"


def tried(stack: Stack, store: str, password: str) -> str:
    """Return how a store receives somebody with this password, who comes from the app's container."""
    postgres = (
        "import asyncio, asyncpg, sys\n"
        "asyncio.run(asyncpg.connect(host='postgres', user='app', database='app', password=sys.stdin.read()))"
    )
    redis = "import redis, sys; redis.Redis(host='redis', password=sys.stdin.read()).ping()"
    program = postgres if store == "postgres" else redis
    done = stack.compose("exec", "--no-TTY", "app", "python", "-c", program, stdin=password)
    return "welcome" if done.status == 0 else f"refused: {done.err.splitlines()[-1]}"


def test_when_the_database_refuses_neither_role_nor_file_changes(stack: Stack) -> None:
    file = stack.folder / "secrets/postgres_password"
    before = file.read_bytes()
    stack.sql("ALTER SYSTEM SET default_transaction_read_only = on; SELECT pg_reload_conf()")
    try:
        refused = stack.inside("secret", "rotate", "postgres")
    finally:
        stack.sql(
            "SET default_transaction_read_only = off; ALTER SYSTEM RESET default_transaction_read_only;"
            "SELECT pg_reload_conf()"
        )

    assert refused.status == 1, refused.everything
    assert "read-only" in refused.everything
    assert file.read_bytes() == before
    assert sorted(path.name for path in file.parent.glob("postgres_password*")) == ["postgres_password"]
    assert tried(stack, "postgres", before.decode().strip()) == "welcome"


# ------------------------------------------------------------------ where it is not


def values(stack: Stack) -> dict[str, str]:
    """Return every secret of the stack, by name."""
    stores = {name: (stack.folder / "secrets" / name).read_text().strip() for name in STORES}
    return {**stores, "TOKEN": ODD, "SIGNING_KEY": LINES}


STORES = ("postgres_password", "redis_password")


def spellings(value: str) -> set[bytes]:
    """Return a value as it may stand somewhere: plainly, in a URL, in JSON, with Compose's doubled dollars, by line."""
    whole = (value, value.replace("$", "$$"), quote(value, safe=""), json.dumps(value)[1:-1])
    return {one.encode() for one in (*whole, *(line for line in value.splitlines() if len(line) > 10))}


def layers(archive: bytes, where: str) -> Iterator[tuple[str, bytes]]:
    """Yield every file in an archive, in the archives inside it too."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        for member in opened:
            file = opened.extractfile(member) if member.isfile() else None
            content = file.read() if file else b""
            if content[:2] == b"\x1f\x8b" and "blobs" in member.name:
                content = gzip.decompress(content)
            if content[257:262] == b"ustar":
                yield from layers(content, f"{where} {member.name}")
            else:
                yield f"{where} {member.name}", content


def inspected(stack: Stack) -> dict[str, bytes]:
    """Return what Docker tells about everything that the stack consists of."""
    label = f"label=com.docker.compose.project={stack.name}"
    found = {}
    for kind, words in {
        "container": ("container", "ls", "--all"),
        "network": ("network", "ls"),
        "volume": ("volume", "ls"),
    }.items():
        names = docker(*words, "--quiet", "--filter", label).split()
        found[f"docker {kind} inspect"] = docker(kind, "inspect", *names).encode()
    images = docker("image", "ls", "--quiet", f"{stack.name}-app").split()
    found["docker image inspect"] = docker("image", "inspect", *images).encode()
    found["docker image history"] = docker("image", "history", "--no-trunc", images[0]).encode()
    return found


def said(stack: Stack) -> dict[str, bytes]:
    """Return what the commands print, when all is well and when it is not."""
    commands: Mapping[str, Done] = {
        "stack check --json": stack.stack("check"),
        "stack check": run(BIN / "stack", "check", stack.folder, env=stack.env),
        "stack up --json": stack.stack("up"),
        "stack up --dry-run --json": stack.stack("up", "--dry-run"),
        "stack secret list --json": stack.inside("secret", "list", "--json"),
        "stack secret rotate redis --json": stack.inside("secret", "rotate", "redis", "--json"),
        "stack up --debug, without a password": without_a_password(stack),
        "docker compose config": stack.compose("config"),
        "docker compose config --format json": stack.compose("config", "--format", "json"),
        "docker compose logs": stack.compose("logs", "--no-color"),
    }
    return {name: done.everything.encode() for name, done in commands.items()}


def without_a_password(stack: Stack) -> Done:
    file = stack.folder / "secrets/postgres_password"
    file.rename(file.with_suffix(".away"))
    try:
        return stack.stack("up", "--debug")
    finally:
        file.with_suffix(".away").rename(file)


def places(stack: Stack) -> Iterator[tuple[str, bytes]]:
    """Yield every place that is looked at, and what is there."""
    yield from said(stack).items()
    yield from inspected(stack).items()
    objects = ("git", "cat-file", "--batch-all-objects", "--batch", "--buffer")
    yield "git's objects", subprocess.run(objects, cwd=stack.folder, capture_output=True, check=True).stdout
    for path in sorted(stack.folder.rglob("*")):
        inside = path.relative_to(stack.folder)
        if path.is_file() and inside.parts[0] not in {"secrets", ".git"}:
            yield f"{inside}", path.read_bytes()
    saved = subprocess.run(("docker", "save", f"{stack.name}-app:current"), capture_output=True, check=True).stdout
    yield from layers(saved, "image")


@contextmanager
def watched() -> Iterator[set[bytes]]:
    """Collect every command line on this machine, those in containers too, while something is done."""
    found: set[bytes] = set()
    enough = threading.Event()

    def watch() -> None:
        while not enough.wait(0.005):
            for process in Path("/proc").glob("[0-9]*/cmdline"):
                with suppress(OSError):  # it has ended meanwhile
                    found.add(process.read_bytes())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield found
    finally:
        enough.set()
        thread.join()


def test_no_secret_is_anywhere_else(stack: Stack) -> None:
    old = values(stack)
    with watched() as commands:
        assert stack.inside("secret", "rotate", "postgres").status == 0
        assert stack.inside("redis", "--", "PING").status == 0
        gathered = [*places(stack)]
    looked: dict[str, int] = {}
    found = []
    for place, content in [*gathered, *(("command lines", one) for one in commands)]:
        kind = re.sub(r"[0-9a-f]{8,}|\d+", "*", place).split("/")[0]
        looked[kind] = looked.get(kind, 0) + 1
        wanted = {**{f"old {name}": value for name, value in old.items()}, **values(stack)}
        found += [(place, name) for name, value in wanted.items() if any(one in content for one in spellings(value))]

    print(json.dumps(looked, indent=1))
    assert found == []
    assert {"git's objects", "docker container inspect", "docker compose logs", ".copier-answers.yml"} <= set(looked)
    assert sum(count for kind, count in looked.items() if kind.startswith("image")) > 1000
    # And it would have been found: the server itself has them all.
    there = json.dumps(environment(stack)).encode()
    assert [name for name, value in values(stack).items() if not any(one in there for one in spellings(value))] == []


# ------------------------------------------------------------------ bad input


def test_a_name_that_is_none_and_a_value_on_the_command_line_are_refused(stack: Stack) -> None:
    before = (stack.folder / "secrets/app.env").read_bytes()
    for name in ("1ST", "WITH-DASH", "WITH SPACE", "", "NAME=value"):
        refused = stack.inside("secret", "set", name, stdin="x")
        assert refused.status == 2, refused.everything
    assert (stack.folder / "secrets/app.env").read_bytes() == before


@pytest.mark.parametrize(
    ("check", "break_it", "sentence"),
    [
        ("secrets.present", lambda file: (file.chmod(0o644), file.write_text("")), "redis_password is empty"),
        ("secrets.private", lambda file: file.chmod(0o666), "everybody may write secrets/redis_password"),
    ],
    ids=["empty", "world-writable"],
)
def test_a_bad_secret_file_is_refused_before_anything_starts(
    stack: Stack, check: str, break_it: object, sentence: str
) -> None:
    file, ids = stack.folder / "secrets/redis_password", stack.ids()
    content = file.read_bytes()
    assert callable(break_it)
    break_it(file)
    try:
        refused = stack.stack("up")
        afterwards = stack.ids()
    finally:
        file.chmod(0o644)
        file.write_bytes(content)
        file.chmod(0o444)
        stack.up()

    assert refused.status == 3, refused.everything
    assert refused.failed == {check}
    assert sentence in refused.out
    assert afterwards == ids


def test_a_secret_in_git_is_refused_and_named(stack: Stack) -> None:
    stack.git("add", "--force", "secrets/app.env")
    try:
        refused = stack.stack("up")
    finally:
        stack.git("rm", "--cached", "--quiet", "secrets/app.env")
        stack.git("prune", "--expire=now")

    assert (refused.status, refused.failed) == (3, {"secrets.untracked"}), refused.everything
    assert "git has secrets/app.env" in refused.out


def test_a_server_that_has_no_secrets_yet_gets_them(make: Make) -> None:
    stack = make("fresh")
    stack.new(redis="true")
    for path in (stack.folder / "secrets").iterdir():
        path.unlink()
    (stack.folder / "secrets").rmdir()

    up = stack.up()

    assert "make secrets/redis_password, which is missing" in up.json["plan"]
    assert stack.get("localhost", "/visits").json == {"visits": 1}
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in (stack.folder / "secrets").iterdir()}
    assert modes["redis_password"] == "0o444"
    assert oct((stack.folder / "secrets").stat().st_mode & 0o777) == "0o700"
    assert (stack.folder / "secrets/redis_password").stat().st_size == 41
