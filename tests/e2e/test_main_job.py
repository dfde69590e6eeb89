"""The main job on real parts, files run unedited."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from .acme import Authority
from .conftest import Make
from .stacks import BIN, ROOT, docker, eventually, run

BROKEN = """
from contextlib import asynccontextmanager


@asynccontextmanager
async def broken(_app):
    raise RuntimeError("the database of my dreams is not there")
    yield


app ="""


def test_plain_copier_and_plain_compose_serve_https_without_us(make: Make) -> None:
    stack = make("plain")
    answers = ("--data", "postgres=true", "--data", "redis=true")
    assert run(BIN / "copier", "copy", "--defaults", "--vcs-ref", "HEAD", *answers, ROOT, stack.folder).status == 0

    up = stack.compose("up", "--detach", "--wait")

    assert up.status == 0, up.everything
    eventually(lambda: stack.get("localhost").status == 200)  # Traefik hears of a healthy app a moment later
    assert stack.get("localhost").json == {"message": "Hello from FastAPI"}
    assert stack.get("localhost", "/items/7?q=seven").json == {"item_id": 7, "q": "seven"}
    assert stack.post("/notes", text="plain").status == 201
    assert [note["text"] for note in stack.get("localhost", "/notes").json] == ["plain"]
    assert stack.get("localhost", "/visits").json == {"visits": 1}
    assert "swagger" in stack.get("localhost", "/docs").text
    assert "redoc" in stack.get("localhost", "/redoc").text
    assert b"TRAEFIK DEFAULT CERT" in stack.get("localhost").certificate
    redirect = stack.get_plain("localhost", "/docs")
    assert (redirect.status, redirect.location) == (301, f"https://localhost:{stack.https_port}/docs")


def test_a_day_in_the_life_on_localhost(make: Make) -> None:
    stack = make("local")
    stack.new()

    up = stack.up()
    check = stack.stack("check")

    assert up.json["ok"] is True
    assert check.status == 0, check.everything
    assert check.healthy, check.everything
    assert check.json["project"] == stack.name
    again = stack.stack("up")
    assert (again.status, again.json["plan"]) == (0, [])
    before = stack.ids()
    assert stack.compose("up", "--detach").status == 0
    assert stack.ids() == before

    main = stack.folder / "app/main.py"
    main.write_text(main.read_text().replace("Hello", "Good morning"))
    stack.up()
    assert stack.get("localhost").json == {"message": "Good morning from FastAPI"}
    back = stack.stack("rollback")
    assert back.status == 0, back.everything
    assert stack.get("localhost").json == {"message": "Hello from FastAPI"}
    assert stack.stack("check").status == 0
    done = [(one["did"], one["result"], one["lost"]) for one in stack.stack("history").json["history"]]
    assert done[-2:] == [("up", "good", 0), ("rollback", "good", 0)]
    before = stack.ids()
    assert stack.compose("up", "--detach").status == 0
    assert stack.ids() == before

    down = stack.stack("down")
    assert down.status == 0, down.everything
    assert stack.ids() == {}
    assert down.json["volumes_kept"] == [f"{stack.name}_acme"]
    refused = stack.stack("down", "--volumes")
    assert refused.status == 2
    assert f"{stack.name}_acme" in refused.json["error"]["message"]
    assert stack.stack("down", "--volumes", "--yes").json["volumes_removed"] == [f"{stack.name}_acme"]
    assert docker("volume", "ls", "--quiet", "--filter", f"name={stack.name}") == ""


def test_a_name_that_had_a_local_certificate_gets_one_from_an_authority(
    make: Make, authority: Callable[..., Authority]
) -> None:
    stack = make("switch")
    pebble = authority(stack)
    pebble.start()
    stack.new(domain="demo.test")
    stack.up()

    stack.env |= {
        "STACK_CERTIFICATES": "custom",
        "STACK_ACME_DIRECTORY": pebble.directory,
        "STACK_ACME_ROOT": str(pebble.roots),
    }
    switched = stack.up()

    assert "take away the local certificate for demo.test" in switched.json["plan"]
    trusted = next(one for one in switched.json["findings"] if one["id"] == "tls.trusted")
    assert "Pebble Intermediate CA" in trusted["seen"][0]
    assert not list((stack.folder / "secrets/tls").glob("local.*"))


@pytest.mark.sabotages("host.authority")
def test_an_authority_that_is_down_is_named_before_anything_starts(
    make: Make, authority: Callable[..., Authority]
) -> None:
    stack = make("down")
    pebble = authority(stack)
    stack.new(domain="demo.test", **pebble.answers)

    up = stack.stack("up")

    assert (up.status, up.failed) == (3, {"host.authority"}), up.everything
    assert f"{pebble.directory}: " in up.out
    assert stack.ids() == {}


@pytest.mark.sabotages("host.project")
def test_two_projects_leave_each_other_alone(make: Make, tmp_path: Path) -> None:
    one, two = make("one"), make("two")
    for stack in (one, two):
        stack.new()
        stack.up()
    before = one.ids()

    assert two.stack("down", "--volumes", "--yes").status == 0

    assert one.ids() == before
    assert one.stack("check").status == 0
    assert docker("volume", "ls", "--quiet", "--filter", f"name={one.name}") == f"{one.name}_acme"

    namesake = make("one")
    namesake.new()
    refused = namesake.stack("up")
    assert refused.status == 3, refused.everything
    assert refused.failed == {"host.project"}
    assert str(one.folder) in refused.out
    down = namesake.stack("down", "--volumes", "--yes")
    assert down.status == 3, down.everything
    assert str(one.folder) in down.json["error"]["message"]
    assert one.ids() == before


@pytest.mark.long
def test_a_version_that_never_gets_healthy_is_taken_back(make: Make) -> None:
    stack = make("back")
    stack.new()
    stack.up()
    main = stack.folder / "app/main.py"
    main.write_text(
        main.read_text().replace('FastAPI(title="Example")', "FastAPI(lifespan=broken)").replace("app =", BROKEN)
    )

    failed = stack.stack("up")

    assert failed.status == 1, failed.everything
    error = failed.json["error"]
    assert error["message"].endswith("the version from before serves")
    assert "the database of my dreams is not there" in " ".join(error["evidence"])
    assert stack.get("localhost", "/healthz").status == 200
    assert stack.stack("check").failed == set()


def test_settings_from_a_file_do_not_make_up_restless(make: Make) -> None:
    stack = make("settings")
    stack.new()
    (stack.folder / "app.env").write_text("GREETING=hello\n")
    (stack.folder / "compose.override.yaml").write_text("services: {app: {env_file: app.env, environment: [HOME]}}\n")
    stack.up()

    assert stack.stack("up").json["plan"] == []
