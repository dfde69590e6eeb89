"""What is shown of a project before it is written: sums that come out, where names lead, what files are for."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from scaffold import answers, outline, repository
from scaffold.facts import Holder, Naming, Room, Versions
from scaffold.facts.surroundings import Surroundings
from scaffold.form import Choice, Form, Question
from scaffold.outline import Files, Outline, Part
from scaffold.screens import making

MIB = 1 << 20
ROOM = Room(memory=1000 * MIB, memory_total=2000 * MIB)
NAME = "shop.example.com"
MANUAL = """\
# shop

| file | holds |
|---|---|
| `compose.yaml` | the stack |
| `migrations/`, `alembic.ini` | the tables of the database |
| `traefik/dynamic/` | TLS versions and ciphers |

## More

| word | certificate |
|---|---|
| `acme` | Let's Encrypt's |
"""


def form(**values: Any) -> Form:
    usual = {"project_name": "shop", "domain": NAME, "hosts": "", "workers": 2, "worker_memory": 128, "email": ""}
    return Form(
        tuple(Question(name, "str", "?", value, given=name in values) for name, value in (usual | values).items())
    )


@pytest.mark.parametrize(
    ("values", "parts", "expected"),
    [
        (
            {},
            [Part("app", 512), Part("traefik", 256)],
            [
                "memory of the workers: 2 x 128 MB + 64 MB for the process above them = 320 of 512 MB, the app's limit",
                "processes that serve: 2; cores of this machine: 2 (one each)",
                "limits of memory together: 768 MB, and 512 MB while a new version starts",
                "this machine has 2000 MB, so 720 MB are left for the system and what it keeps of files",
            ],
        ),
        (
            {"workers": 1, "worker_memory": 200},
            [Part("app", 512, 3), Part("prestart", 512), Part("postgres", 512)],
            [
                "memory of the workers: 1 x 200 MB = 200 of 512 MB, the app's limit",
                "processes that serve: 3; cores of this machine: 2 (some share one)",
                "limits of memory together: 2048 MB, and 512 MB while a new version starts",
                "this machine has 2000 MB, 560 MB less than all of that: give less to `memory`, or take another",
                "PostgreSQL has 512 MB of it (STACK_POSTGRES_MEMORY in .env)",
            ],
        ),
        (
            {"workers": None},
            [Part("traefik", 256)],
            [
                "limits of memory together: 256 MB",
                "this machine has 2000 MB, so 1744 MB are left for the system and what it keeps of files",
            ],
        ),
    ],
    ids=["an app", "replicas and a database", "a proxy"],
)
def test_the_sums_are_told_with_what_they_are_made_of(
    values: dict[str, Any], parts: list[Part], expected: list[str]
) -> None:
    assert list(outline.arithmetic(form(**values), parts, 2, ROOM)) == expected


@pytest.mark.parametrize(
    ("naming", "expected"),
    [
        (Naming(NAME, public=("203.0.113.7",)), f"{NAME} leads to 203.0.113.7, this machine"),
        (
            Naming(NAME, public=("203.0.113.9",)),
            f"{NAME} leads to 203.0.113.9, which is no address of this machine itself",
        ),
        (Naming(NAME, exists=False), f"{NAME} leads nowhere yet: give it an A record"),
        (Naming(NAME, problem="asked 1.1.1.1: no answer"), f"where {NAME} leads could not be asked (asked 1.1.1.1"),
    ],
    ids=["here", "elsewhere", "nowhere", "nobody to ask"],
)
def test_where_a_name_leads(naming: Naming, expected: str) -> None:
    assert outline.leads(naming, ("127.0.0.1", "203.0.113.7")).startswith(expected)


def test_only_public_names_are_asked_for() -> None:
    assert outline.public(form(hosts="www.example.com,shop.internal")) == (NAME, "www.example.com")
    assert outline.public(form(domain="localhost")) == ()
    assert outline.urls(form(domain="localhost")) == ("https://localhost/",)


def test_limits_are_read_from_the_files_and_what_env_says(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("STACK_APP_MEMORY=700\nSTACK_REPLICAS=2\n")
    (tmp_path / "compose.app.yaml").write_text("services:\n  app:\n    mem_limit: ${STACK_APP_MEMORY:-512}m\n")
    (tmp_path / "compose.proxy.yaml").write_text("services:\n  traefik:\n    mem_limit: 256m\n")
    (tmp_path / "compose.routes.yaml").write_text("services:\n  app:\n    labels: {}\n")
    (tmp_path / "compose.dev.yaml").write_text("services:\n  app:\n    mem_limit: 1m\n")

    assert set(outline.parts(tmp_path)) == {Part("app", 700, 2), Part("traefik", 256)}


def test_the_manuals_first_table_gives_the_tree_its_meanings() -> None:
    meanings = outline.meanings(MANUAL)
    assert meanings == (
        (("compose.yaml",), "the stack"),
        (("migrations/", "alembic.ini"), "the tables of the database"),
        (("traefik/dynamic/",), "TLS versions and ciphers"),
    )
    written = ("compose.yaml", "app/main.py", "app/db.py", "traefik/dynamic/tls.yaml", "traefik/x", "alembic.ini")

    drawn = making.tree(Path("shop"), [Path(one) for one in written], meanings, colour=False)

    assert drawn.splitlines() == [
        "shop/",
        "├── alembic.ini       the tables of the database",
        "├── app/              an example app, to be replaced by yours",
        "├── compose.yaml      the stack",
        "├── traefik/dynamic/  TLS versions and ciphers",
        "└── traefik/x",
    ]


def around(**more: Any) -> Surroundings:
    return Surroundings(2, ROOM, engine_problem="no `docker` command", **more)


def test_what_was_found_is_a_line_each_with_where_it_comes_from() -> None:
    held = (Holder(80, "process nginx (pid 7)"),)
    found = making.found(around(holders=held, name="Ada", email="ada@example.com"), ("app: main:app (main.py)",))
    assert found.splitlines() == [
        "  folder   app: main:app (main.py)",
        "  machine  2 cores, 2000 MB of memory, 1000 MB of it free",
        "  machine  port 80 is taken by process nginx (pid 7)",
        "  docker   no `docker` command: needed for `stack up` here, not for --on a",
        "           server",
        "  git      Ada <ada@example.com> (git config)",
    ]
    assert "docker   Engine 27.1, Compose 2.30" in making.found(
        Surroundings(2, ROOM, versions=Versions("27.1", "2.30")), ()
    )


@pytest.mark.parametrize(
    ("interfaces", "said"),
    [
        (("127.0.0.1", "10.0.0.7", "fe80::1%eth0"), "none of its addresses is public"),
        (("127.0.0.1", "9.9.9.9", "172.17.0.1"), "public address: 9.9.9.9"),
        (("9.9.9.9", "::1", "2620:fe::9"), "public addresses: 9.9.9.9, 2620:fe::9"),
    ],
    ids=["none", "one", "of both families"],
)
def test_of_the_machines_addresses_those_are_named_that_the_internet_reaches(
    interfaces: tuple[str, ...], said: str
) -> None:
    assert f"  machine  {said}" in making.found(around(interfaces=interfaces), ()).splitlines()


def test_the_sum_fits_80_columns_and_names_what_becomes_of_each_file() -> None:
    files = Files(
        tuple(f"a/rather/long/name/of/a/file/{number}" for number in range(20)),
        ("README.md",),
        (".env",),
        (".env.more",),
        {"compose.yml": "compose.yml.before-stack"},
    )
    whole = Outline(Path("shop"), form(email="me@example.com"), (Part("app", 512),), files, (f"https://{NAME}/",))

    shown = making.summary(whole, around(), colour=False)

    assert max(map(len, shown.splitlines())) <= making.WIDTH
    for said in (
        "20 new: ",
        "replaced: README.md",
        "kept as they are: .env",
        "the stack's lines are appended to .env.more",
        "compose.yml is renamed to compose.yml.before-stack",
        "email=me@example.com",
    ):
        assert said in " ".join(shown.split())


def test_what_is_open_is_named_with_the_reason() -> None:
    asked = Form((Question("dns_provider", "str", "?", None, problem="it has to be answered"),))
    shown = making.summary(Outline(Path("shop"), asked, (), Files()), around(), colour=False)
    assert "dns_provider: it has to be answered" in shown
    assert asked.open == asked.questions


def test_a_form_tells_what_is_asked_and_forgets_what_is_not() -> None:
    idle = Question("public", "str", "?", "public", asked=False)
    said = Form(
        (
            Question("redis", "bool", "?", value=True),
            idle,
            Question("kind", "str", "?", "app", choices=(Choice("a", "app"),)),
        )
    )
    assert (said.get("redis"), said.get("public"), said.get("nothing")) == (True, None, None)
    assert [one.name for one in said.asked] == ["redis", "kind"]
    assert (said["redis"].shown, said["kind"].shown) == ("yes", "app")
    assert said.without_idle({"public": "x", "kind": "app"}) == {"kind": "app"}


def test_variables_with_our_prefix_are_answers() -> None:
    assert answers.from_environment({"STACK_NEW_DOMAIN": "a.test", "STACK_DOMAIN": "b.test", "HOME": "/"}) == {
        "domain": "a.test"
    }


def test_git_tells_who_somebody_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    assert repository.identity(tmp_path / "not/there") == ("", "")
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    for name, value in (("user.name", "Ada"), ("user.email", "ada@example.com")):
        subprocess.run(["git", "-C", tmp_path, "config", name, value], check=True)
    assert repository.identity(tmp_path / "not/there") == ("Ada", "ada@example.com")
    monkeypatch.setenv("PATH", "/nowhere")
    assert repository.identity(tmp_path) == ("", "")
