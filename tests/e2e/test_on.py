"""`--on`: a project is brought up over a real SSH server, and what is there then is what was sent, and no more."""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from docker import DockerClient

from scaffold.engine import carrying
from tests.rig import engine as rig

from .conftest import Make
from .sshd import Sshd
from .stacks import BIN, Done, Stack, docker, eventually, run

GOOD, WRONG, NOT_READY = 0, 2, 3
INSIDE = {"logs", "exec", "psql", "secret"}
"""Commands that take the project's folder as an option."""
STRANGER = "e2e-stranger"
"""A user that one test makes and takes away."""
CHANGED = 1_000_000
"""Bytes that a changed line may cost at most."""


@dataclass
class Afar:
    """A project on a laptop, and the folder on a server where it is brought up."""

    laptop: Stack
    server: Sshd
    there: Stack
    """The server's side: its folder, its ports and its name."""

    @property
    def place(self) -> str:
        return f"{self.server.address}{self.there.folder}"

    def stack(self, command: str, *words: str | Path, stdin: str | None = None) -> Done:
        """Run one command of `stack` on the laptop, about the server; its result as JSON."""
        agreed = ("--yes",) if command in {"up", "rollback"} else ()
        env = {**self.server.env, "COMPOSE_PROJECT_NAME": "nobodys", "STACK_HTTP_PORT": "1"}
        where = ("-C", self.laptop.folder) if command.split(maxsplit=1)[0] in INSIDE else (self.laptop.folder,)
        return run(BIN / "stack", *command.split(), *where, "--on", self.place, *agreed, *words, env=env, stdin=stdin)

    def up(self, *words: str) -> Done:
        done = self.stack("up", "--json", *words)
        assert done.status == GOOD, done.everything
        return done

    def first(self) -> Done:
        """Bring it up for the first time, with what differs on the server."""
        return self.up(
            *("--set", f"COMPOSE_PROJECT_NAME={self.there.name}"),
            *("--set", f"STACK_HTTP_PORT={self.there.http_port}"),
            *("--set", f"STACK_HTTPS_PORT={self.there.https_port}"),
            *("--set", "STACK_DNS_RESOLVERS=127.0.0.1:1"),
        )

    def tracked(self) -> set[str]:
        return set(self.laptop.git("ls-files").split())


@pytest.fixture(scope="module")
def project(make: Make) -> Stack:
    """A project on a laptop."""
    return committed(make("laptop"))


def committed(laptop: Stack) -> Stack:
    """Make a project, and put it into git but for what is ignored."""
    laptop.new(postgres="true")
    (laptop.folder / "not-in-git.txt").write_text("a note to self")
    with (laptop.folder / ".gitignore").open("a") as file:
        file.write("/not-in-git.txt\n")
    laptop.git("init", "--quiet")
    laptop.git("add", "--all")
    laptop.git("commit", "--quiet", "--message", "one")
    return laptop


@pytest.fixture(scope="module")
def afar(project: Stack, server: Sshd, make: Make) -> Afar:
    return Afar(project, server, make("there"))


def found(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Return mode, owner and content of every file in a folder and below, by name; of what we write down, none."""
    return {
        str(path.relative_to(folder)): (stat.S_IMODE(path.stat().st_mode), path.stat().st_uid, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not {".git", ".stack"} & set(path.relative_to(folder).parts)
    }


def kept(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Return what belongs to the place."""
    return {name: one for name, one in found(folder).items() if name == ".env" or name.startswith("secrets/")}


def sent(done: Done) -> int:
    """Return how many bytes were sent."""
    told = re.search(r"✓ send ([0-9.]+) kB to", done.err)
    return int(float(told[1]) * 1000) if told else 0


def test_from_a_bare_folder_to_a_green_check_and_back_again(server: Sshd, make: Make) -> None:
    """Up, check, change, up, rollback, down: the server has what git has, and what is its own stays its own."""
    laptop, there = committed(make("bare")), make("day")
    afar = Afar(laptop, server, there)

    planned = afar.stack("up", "--dry-run")
    assert (planned.status, there.folder.exists()) == (GOOD, False), planned.everything
    assert f"send {len(afar.tracked())} files" in planned.out

    first = afar.first()

    assert first.json["ok"], first.everything
    own = kept(there.folder)
    assert set(own) >= {".env", "secrets/app.env", "secrets/postgres_password"}
    assert own["secrets/postgres_password"][2] != (laptop.folder / "secrets/postgres_password").read_bytes()
    assert {name: one for name, one in found(there.folder).items() if name not in own} == {
        name: one for name, one in found(laptop.folder).items() if name in afar.tracked()
    }
    eventually(lambda: afar.stack("check", "--json").healthy)
    assert there.get("localhost", "/").json == {"message": "Hello from FastAPI"}
    assert docker("ps", "--quiet", "--filter", f"label=com.docker.compose.project={laptop.name}") == ""

    # Who logs in there finds an ordinary project, and the same.
    assert there.stack("up").json["plan"] == []
    before = there.ids()
    assert there.compose("up", "--detach", "--wait").status == GOOD
    assert {name: one for name, one in there.ids().items() if "prestart" not in name} == {
        name: one for name, one in before.items() if "prestart" not in name
    }

    # What the laptop has of the server's own is another's.
    (laptop.folder / ".env").write_text("STACK_DOMAIN=elsewhere.example\n")
    (laptop.folder / "secrets/postgres_password").chmod(0o644)
    (laptop.folder / "secrets/postgres_password").write_text("another\n")
    laptop.edit("app/main.py", lambda text: text.replace("Hello from", "Welcome to"))
    (laptop.folder / "app/extra.py").write_text("HERE = True\n")
    laptop.git("rm", "--quiet", "--cached", "README.md")
    laptop.git("add", "app/extra.py")

    second = afar.up()

    assert there.get("localhost", "/").json == {"message": "Welcome to FastAPI"}
    assert (there.folder / "app/extra.py").exists()
    assert not (there.folder / "README.md").exists()
    assert 0 < sent(second) < CHANGED
    assert "2 files" in second.err
    print(f"\nsent the first time {sent(first)} bytes, then {sent(second)}")
    assert afar.up().json["plan"] == []

    back = afar.stack("rollback", "--json")

    assert back.status == GOOD, back.everything
    assert there.get("localhost", "/").json == {"message": "Hello from FastAPI"}
    records = afar.stack("history", "--json").json["history"]
    assert [(one["did"], one["result"]) for one in records] == [("up", "good"), ("up", "good"), ("rollback", "good")]

    # Nothing has gone anywhere else.
    assert all(f" -- {afar.server.address}" in call for call in afar.server.calls if not call.startswith("-G"))

    down = afar.stack("down", "--json")

    assert down.status == GOOD, down.everything
    assert there.ids() == {}
    assert kept(there.folder) == own


@pytest.mark.long
def test_two_places_of_one_project_are_up_on_one_server(server: Sshd, make: Make) -> None:
    """Named in the project's places.yaml; each has what is its own, and one that goes leaves the other."""
    laptop, staging, production = committed(make("both")), make("staging"), make("production")
    sides = {"staging": staging, "production": production}
    places = {
        name: {
            "server": server.address,
            "folder": str(side.folder),
            "settings": {
                "COMPOSE_PROJECT_NAME": side.name,
                "STACK_HTTP_PORT": side.http_port,
                "STACK_HTTPS_PORT": side.https_port,
                "STACK_DNS_RESOLVERS": "127.0.0.1:1",
            },
        }
        for name, side in sides.items()
    }
    (laptop.folder / "places.yaml").write_text(yaml.safe_dump(places))

    def stack(command: str, on: str, *words: str) -> Done:
        return run(BIN / "stack", command, laptop.folder, "--on", on, *words, env=dict(server.env))

    for name, side in sides.items():
        done = stack("up", name, "--json", "--yes")
        assert done.status == GOOD, done.everything
        assert side.get("localhost", "/").status == 200
    assert len({side.folder.joinpath("secrets/postgres_password").read_text() for side in sides.values()}) == 2

    gone = stack("down", "staging", "--json")

    assert gone.status == GOOD, gone.everything
    assert staging.ids() == {}
    eventually(lambda: stack("check", "production", "--json").healthy)
    unknown = stack("check", "prod", "--json")
    assert unknown.status == WRONG
    assert "it names production, staging" in unknown.json["error"]["message"]


@pytest.fixture
def running(afar: Afar) -> Afar:
    """The project on the server, as somebody left it."""
    if not (afar.there.folder / ".env").exists():
        afar.first()
    afar.up()
    return afar


def test_what_runs_there_is_looked_at_and_entered_from_here(running: Afar) -> None:
    assert {one["service"] for one in running.stack("status", "--json").json["services"]} >= {"app", "traefik"}
    assert "Application startup complete" in running.stack("logs", "app", "--tail", "20").out
    assert running.stack("exec", "--", "sh", "-c", "echo $0; id -u; exit 7", "two words").out == "two words\n10001\n"
    assert running.stack("exec", "--", "sh", "-c", "exit 7").status == 7
    assert running.stack("psql", "--", "-Atc", "select 6 * 7").out == "42\n"

    done = running.stack("secret set", "BREW", stdin="Earl Grey")

    assert done.status == GOOD, done.everything
    assert done.out.strip().endswith(f"Next: stack up {running.laptop.folder} --on {running.place}")
    assert "Earl Grey" in (running.there.folder / "secrets/app.env").read_text()
    assert "BREW" not in (running.laptop.folder / "secrets/app.env").read_text()
    assert "Earl Grey" not in running.stack("secret list").out


def test_a_setting_is_changed_there_and_shown_before(running: Afar) -> None:
    planned = running.stack("up", "--dry-run", "--set", "STACK_WORKERS=3")
    assert "set STACK_WORKERS=3 in .env there (it is 2)" in planned.out, planned.everything

    running.up("--set", "STACK_WORKERS=3")

    assert "\nSTACK_WORKERS=3\n" in (running.there.folder / ".env").read_text()
    assert running.up().json["plan"] == []


# ------------------------------------------------------------------ nothing is changed there


def edited(afar: Afar) -> None:
    path = afar.there.folder / "app/main.py"
    path.write_text(path.read_text() + "# by hand\n")


def in_the_way(afar: Afar) -> None:
    (afar.there.folder / "notes.txt").write_text("whose?\n")
    (afar.laptop.folder / "notes.txt").write_text("ours\n")
    afar.laptop.git("add", "notes.txt")


@pytest.mark.parametrize(
    ("happens", "message", "evidence"),
    [(edited, "1 file changed in", "app/main.py"), (in_the_way, "holds something else", "notes.txt")],
    ids=["edited there", "in the way"],
)
def test_what_is_not_as_it_was_sent_is_not_replaced(
    running: Afar, happens: Callable[[Afar], None], message: str, evidence: str
) -> None:
    happens(running)
    before = found(running.there.folder)

    done = run(
        *(BIN / "stack", "up", running.laptop.folder, "--on", running.place, "--json"), env=dict(running.server.env)
    )

    assert done.status == WRONG, done.everything
    assert message in done.json["error"]["message"]
    assert done.json["error"]["evidence"] == [evidence]
    assert found(running.there.folder) == before
    (running.there.folder / "notes.txt").unlink(missing_ok=True)
    assert running.stack("up", "--json").status == GOOD  # --yes


def strangers(afar: Afar) -> None:
    afar.there.folder.mkdir(parents=True)
    (afar.there.folder / "index.html").write_text("another site")


def full(afar: Afar) -> None:
    """Have the folder on a disk with room for next to nothing."""
    afar.there.folder.mkdir(parents=True)
    assert run("mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", afar.there.folder).status == 0


def nobodys(afar: Afar) -> None:
    """Have a folder that cannot be made: a file is where it would be."""
    afar.there.folder.parent.mkdir(parents=True, exist_ok=True)
    afar.there.folder.write_text("a file")


@pytest.fixture
def fresh(project: Stack, server: Sshd, make: Make) -> Iterator[Afar]:
    """The same project, for a folder that it was never sent to."""
    there = make("fresh")
    own = Afar(project, server, there)
    yield own
    run("umount", there.folder)
    if there.folder.is_file():
        there.folder.unlink()
    shutil.rmtree(there.folder, ignore_errors=True)


@pytest.mark.parametrize(
    ("happens", "status", "message"),
    [
        (strangers, WRONG, "holds something else than what was sent there; nothing was changed"),
        (full, NOT_READY, "could not be sent; what runs there was not touched"),
        (nobodys, WRONG, "cannot be made: "),
    ],
    ids=["something else", "full disk", "a file"],
)
def test_a_folder_that_cannot_take_it_is_left_as_it_is(
    fresh: Afar, happens: Callable[[Afar], None], status: int, message: str
) -> None:
    happens(fresh)
    before = fresh.there.folder.is_file() or found(fresh.there.folder)

    done = fresh.stack("up", "--json")

    assert done.status == status, done.everything
    assert message in done.json["error"]["message"]
    assert done.json["error"]["hint"]
    assert (fresh.there.folder.is_file() or found(fresh.there.folder)) == before


# ------------------------------------------------------------------ servers that let nobody in, or have no Docker


def changed_key(server: Sshd) -> str:
    server.stop()
    server.key("host_key")
    server.start()
    return "shows another host key than the one that is known"


def refused_key(server: Sshd) -> str:
    (server.folder / "authorized_keys").write_text("")
    return "does not let us in"


def no_docker(server: Sshd) -> str:
    """Have a PATH on the server with everything but Docker."""
    commands = server.folder / "path"
    commands.mkdir()
    for folder in map(Path, ("/bin", "/usr/bin")):
        for one in folder.iterdir():
            if one.name != "docker" and not (commands / one.name).exists():
                (commands / one.name).symlink_to(one)
    server.stop()
    server.start(f"SetEnv PATH={commands}")
    return "has no `docker` command"


def no_rights(server: Sshd) -> str:
    """Log in as somebody who is in no group of Docker's."""
    run("userdel", STRANGER)
    assert run("useradd", "--shell", "/bin/sh", "--home-dir", "/", "--password", "*", STRANGER).status == 0
    server.user = STRANGER
    # A server reads keys as the user, who does not get into the folder of the tests.
    server.stop()
    server.start(
        f"AuthorizedKeysCommand /usr/bin/cat {server.folder}/authorized_keys", "AuthorizedKeysCommandUser root"
    )
    return "has Docker, which does not answer this user"


@pytest.mark.parametrize(
    "happens",
    [changed_key, refused_key, no_docker, no_rights],
    ids=["changed key", "refused key", "no docker", "no rights"],
)
def test_a_server_that_cannot_be_used_is_told_and_nothing_is_changed_there(
    project: Stack, make: Make, tmp_path: Path, happens: Callable[[Sshd], str]
) -> None:
    if not rig.installed_here():
        pytest.skip("only where the rig installs things a user is made and a PATH is changed")
    server = Sshd.made(tmp_path)
    server.knows()
    own = Afar(project, server, make("nowhere"))
    try:
        message = happens(server)
        done = own.stack("up", "--json")
    finally:
        server.stop()
        run("userdel", STRANGER)

    assert done.status == NOT_READY, done.everything
    assert message in done.json["error"]["message"]
    assert done.json["error"]["hint"]
    assert not own.there.folder.exists()


# ------------------------------------------------------------------ built here


def test_an_image_that_is_built_here_is_carried_there(running: Afar) -> None:
    running.laptop.edit("app/main.py", lambda text: text.replace(' FastAPI"', ' a laptop"'))

    done = running.up("--build", "here")

    assert running.there.get("localhost", "/").json["message"].endswith("a laptop")
    assert "of the image were sent" in done.err
    assert running.up().json["plan"] == []  # it has the name that one built there would have


@pytest.mark.long
def test_of_an_image_go_only_the_layers_that_are_missing(running: Afar, tmp_path: Path) -> None:
    client = DockerClient.from_env()
    (tmp_path / "Dockerfile").write_text(f"FROM {running.there.name}-app:current\nCOPY more /more\n")
    (tmp_path / "more").write_bytes(os.urandom(200_000))
    name = f"{running.there.name}-app:carried"
    docker("build", "--quiet", "--tag", name, str(tmp_path))
    own = client.images.get(name)
    layers = own.attrs["RootFS"]["Layers"]
    whole, rest = tmp_path / "whole", tmp_path / "rest"
    with whole.open("wb") as file:
        carrying.pack(client, name, frozenset(), file)
    with rest.open("wb") as file:
        carrying.pack(client, name, carrying.shared(layers, [layers[:-1]]), file)
    docker("image", "rm", "--force", name)

    with rest.open("rb") as file:
        client.images.load(file)

    assert client.images.get(name).id == own.id
    assert docker("run", "--rm", "--entrypoint", "wc", name, "-c", "/more").split()[0] == "200000"
    assert 200_000 < rest.stat().st_size < 400_000 < whole.stat().st_size
    print(f"\nwhole {whole.stat().st_size} bytes, without what is there {rest.stat().st_size}")
    docker("image", "rm", "--force", name)
    client.close()
