"""Every command that stands in a block of the README, typed as it stands there by a person at a terminal."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.terminal import ENTER, Terminal

from .sshd import Sshd
from .stacks import BIN, ROOT, Stack, docker, eventually, free_ports, run

README = (ROOT / "README.md").read_text(encoding="utf-8")
ELSEWHERE = {
    "pipx install .": "tests/soak/test_readme.py",
    "uv tool install .": "tests/soak/test_readme.py",
    "pip install .": "tests/soak/test_readme.py",
    "make demo": "tests/soak/test_readme.py",
    "make test": "is what runs this",
    "sudo cp ~/.local/share/fastapi-stack/authority/root.pem /usr/local/share/ca-certificates/stack-local.crt": (
        "would have this machine believe in another authority"
    ),
    "sudo update-ca-certificates": "the same",
}
"""Commands of the README that are not typed here, and where or why."""
SERVER = "deploy@203.0.113.7"
TEMPLATE = "gh:<owner>/<this repository>"
LONG = 120
"""Seconds that a build and a start may take."""
APP = "from fastapi import FastAPI\n\napp = FastAPI()\n"
NAMES = ("shop", "proxy", "blog")


def typed_in(text: str) -> list[str]:
    """Return the commands in the blocks of a text, without what is said behind them."""
    lines = re.findall(r"(?m)^ {4}((?:stack|cd|copier|make|pipx?|uv|sudo|docker) .*)$", text)
    return [re.split(r"\s{2,}#", line)[0].strip() for line in lines if not line.startswith("stack:")]


def below(heading: str) -> list[str]:
    """Return the commands below a heading of the README."""
    return typed_in(re.split(rf"(?m)^#+ {re.escape(heading)}$", README, maxsplit=1)[1].split("\n#", 1)[0])


@dataclass
class Person:
    """Somebody who reads the README and types what stands there; Enter to every question, and yes to what `up` asks."""

    home: Path
    env: dict[str, str]
    words: dict[str, str] = field(default_factory=dict)
    """What stands in the README for something of the reader's own."""
    typed: list[str] = field(default_factory=list)
    keys: int = 0
    """Keys that were pressed beside Enter to answer."""

    def types(self, command: str, *, ends: tuple[int, ...] = (0,)) -> Terminal:
        """Type one command, answer what it asks, and see how it ends."""
        self.typed.append(command)
        for text, own in self.words.items():
            command = command.replace(text, own)
        screen = Terminal(["sh", "-c", command], self.home, self.env)
        asked, end = 0, time.monotonic() + LONG
        while screen.takes():
            assert time.monotonic() < end, "\n".join(screen.lines)
            if len(screen.questions) > asked:
                asked = len(screen.questions)
                yes = "new" not in command and "(y/N)" in screen.questions[-1]
                self.keys += yes
                screen.types(*["y"] * yes, ENTER)
        status = screen.ended()
        assert status in ends, f"{command} ended with {status}:\n" + "\n".join(screen.lines)
        return screen

    def into(self, command: str) -> None:
        """Go into a folder."""
        assert command.startswith("cd ")
        self.typed.append(command)
        self.home = (self.home / command.removeprefix("cd ")).resolve()


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    if running := [
        name for name in NAMES if docker("ps", "-aq", "--filter", f"label=com.docker.compose.project={name}")
    ]:
        pytest.skip(
            f"{', '.join(running)} is somebody's already: the names of the README are typed as they stand there"
        )
    home = tmp_path_factory.mktemp("readme")
    http, https = free_ports(2)
    own = Person(
        home,
        {
            "PATH": f"{BIN}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "STACK_HTTP_PORT": f"{http}",
            "STACK_HTTPS_PORT": f"{https}",
            "STACK_DNS_RESOLVERS": "127.0.0.1:1",
            **{
                f"GIT_{role}_{what}": "e2e@example.com"
                for role in ("AUTHOR", "COMMITTER")
                for what in ("NAME", "EMAIL")
            },
        },
    )
    yield own
    for folder in [path.parent for path in home.rglob("compose.yaml")]:
        Stack(folder, http, https).remove()
    shutil.rmtree(home, ignore_errors=True)


def test_every_command_of_the_readme_is_typed_here_or_somewhere_else() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    headings = [
        heading
        for heading in re.findall(r"(?m)^#+ (.+)$", README)
        if any(one not in ELSEWHERE for one in below(heading))
    ]
    assert [heading for heading in headings if f'below("{heading}")' not in source] == []
    assert set(ELSEWHERE) <= set(typed_in(README))


def first_stack(person: Person) -> None:
    new, up = [one for one in below("First stack") if one not in ELSEWHERE]
    person.types(new)
    screen = person.types(up)
    assert re.search(r"✓ \d+ passed, 0 failed", screen.text), "\n".join(screen.lines)
    assert person.keys <= 5  # from nothing to a green check
    print(f"\nkeys beside Enter, from `stack new` to a green check: {person.keys}")


def commit(person: Person, folder: str) -> None:
    for words in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "--message", "now")):
        assert run("git", *words, cwd=person.home / folder, env=person.env).status == 0


def a_project_a_new_version_and_back(person: Person) -> None:
    new, up, *plain = below("A project")
    person.types(new)
    person.types(up)
    commit(person, "shop")
    main = person.home / "shop/app/main.py"
    main.write_text(main.read_text().replace("Hello from", "Welcome to"))
    home = person.home
    person.into("cd shop")
    for command in below("A new version"):
        screen = person.types(command)
    assert "rollback" in screen.text
    person.home = home

    down = run(BIN / "stack", "down", home / "shop", "--volumes", "--yes", env=person.env)
    assert down.status == 0, down.everything
    (home / "plain").mkdir()
    person.home = home / "plain"
    person.words = {TEMPLATE: str(ROOT), "copier copy": "copier copy --vcs-ref HEAD --defaults"}
    for command in plain:
        person.types(command)
    assert docker("ps", "-q", "--filter", "label=com.docker.compose.project=shop").count("\n") == 2
    run("docker", "compose", "down", "--volumes", cwd=person.home / "shop", env=person.env)
    person.home = home


def a_server(person: Person, server: Sshd, tmp_path: Path) -> None:
    person.env |= {"PATH": f"{server.env['PATH'].partition(':')[0]}:{person.env['PATH']}", "SSH_AUTH_SOCK": ""}
    host, up, check = below("A server")
    person.words = {SERVER: server.address}
    person.types(host, ends=(0, 3))  # what this machine lacks it names
    person.words = {SERVER: f"{server.address}{tmp_path}/there"}
    try:
        for command in (up, check):
            screen = person.types(command)
        assert re.search(r"✓ \d+ passed, 0 failed", screen.text), "\n".join(screen.lines)
    finally:
        down = run(
            *(BIN / "stack", "down", person.home / "shop", "--volumes", "--yes", "--on", person.words[SERVER]),
            env=person.env,
        )
    assert down.status == 0, down.everything


def an_app_that_you_have_already(person: Person) -> None:
    home = person.home
    (home / "my-app").mkdir()
    (home / "my-app/main.py").write_text(APP)
    (home / "my-app/requirements.txt").write_text("fastapi\nuvicorn\n")
    go, new = below("An app that you have already")
    person.into(go)
    person.types(new)
    person.home = home
    assert (home / "my-app/STACK.md").exists()
    assert (home / "my-app/main.py").read_text() == APP


def databases(person: Person, tmp_path: Path) -> None:
    home, person.home = person.home, tmp_path
    (new,) = below("PostgreSQL, Redis, secrets, migrations")
    person.types(new)
    person.home = home
    assert {"compose.postgres.yaml", "compose.redis.yaml"} <= {path.name for path in (tmp_path / "shop").iterdir()}


def several_apps_on_one_server(person: Person) -> None:
    """Where no authority out there can be asked, a local one signs: every stack is told so by its environment."""
    home = person.home
    shutil.rmtree(home / "shop")
    own = Stack(home / "shop", int(person.env["STACK_HTTP_PORT"]), int(person.env["STACK_HTTPS_PORT"]))
    done = run(BIN / "stack", "new", own.folder, "--defaults", "--data", "domain=shop.test", env=person.env)
    assert done.status == 0, done.everything
    commit(person, "shop")
    person.env["STACK_CERTIFICATES"] = "local"
    own.env |= person.env
    own.up()
    go, update, *rest = below("Several apps on one server")
    person.into(go)
    person.types(update)
    with (own.folder / ".env").open("a") as env:
        env.write("STACK_PROXY=proxy\n")
    commit(person, ".")
    for command in rest:
        person.types(command)
    person.home = home
    eventually(lambda: own.get("shop.test", "/").status == 200)
    eventually(lambda: own.get("blog.example.com", "/").status == 200)


def test_the_commands_of_the_readme_do_what_it_says(person: Person, server: Sshd, tmp_path: Path) -> None:
    """In its order, because each goes on where the one before has ended."""
    first_stack(person)
    a_project_a_new_version_and_back(person)
    a_server(person, server, tmp_path)
    an_app_that_you_have_already(person)
    databases(person, tmp_path)
    several_apps_on_one_server(person)
