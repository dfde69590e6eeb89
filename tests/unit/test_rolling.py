"""What a rolling start reads and writes down: Traefik's word on whom it serves, names of images, locks and lists."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from scaffold import checks, history, repository
from scaffold.checks import Finding
from scaffold.checks.verdict import Outcome, Status
from scaffold.cli import run, stack
from scaffold.cli.alone import Holder, alone, holder, who
from scaffold.cli.rollback import choose, offered
from scaffold.engine import content, images, rolling
from scaffold.errors import ExitCode, NotReady, StackError, WrongInput
from scaffold.facts import Edition
from scaffold.loglines import Traffic, traffic
from scaffold.project import Build, Service
from scaffold.record import Record, Stopped
from scaffold.screens import history as done
from scaffold.screens import rollback as back
from scaffold.screens.rollback import Choice

from ..builders import HOST, NOW, container, facts, project, record

# ------------------------------------------------------------------ Traefik's word

SERVICE = {
    "loadBalancer": {"servers": [{"url": "http://172.18.0.3:8000"}, {"url": "http://172.18.0.4:8000"}]},
    "serverStatus": {"http://172.18.0.3:8000": "UP", "http://172.18.0.4:8000": "DOWN"},
}


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (json.dumps(SERVICE), {"172.18.0.3:8000"}),
        (json.dumps({"loadBalancer": {"servers": [{"url": "http://172.18.0.3:8000"}]}}), {"172.18.0.3:8000"}),
        (json.dumps({"loadBalancer": {}}), set()),
        (json.dumps({"status": "disabled"}), set()),
    ],
)
def test_who_gets_requests_is_what_traefik_says(said: str, found: set[str]) -> None:
    assert rolling.listed(said) == frozenset(found)


@pytest.mark.parametrize("said", ["", "404 page not found", "[]", '{"loadBalancer": {"servers": [{}]}}'])
def test_what_is_no_answer_says_nothing(said: str) -> None:
    assert rolling.listed(said) is None


def entry(**changes: Any) -> dict[str, Any]:
    line = {"DownstreamStatus": 200, "OriginStatus": 200, "RouterName": "demo-app@docker", "RequestHost": HOST}
    return {**line, "entryPointName": "websecure", **changes}


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        (entry(), Traffic(1, 0)),
        (entry(DownstreamStatus=500, OriginStatus=500), Traffic(1, 0)),
        (entry(DownstreamStatus=502, OriginStatus=502), Traffic(1, 0)),
        (entry(DownstreamStatus=502, OriginStatus=0), Traffic(1, 1)),
        (entry(DownstreamStatus=499, OriginStatus=0), Traffic(1, 0)),
        (entry(DownstreamStatus=404, RouterName=""), Traffic(1, 1)),
        (entry(DownstreamStatus=404, RouterName="", RequestHost="elsewhere.example"), Traffic(0, 0)),
        (entry(DownstreamStatus=404, RouterName="", entryPointName="web"), Traffic(0, 0)),
        (entry(RouterName="shop-app@docker"), Traffic(0, 0)),
        ({"level": "info"}, Traffic(0, 0)),
    ],
)
def test_a_request_is_lost_when_no_container_has_answered_it(line: dict[str, Any], seen: Traffic) -> None:
    assert traffic([line], project()) == seen


# ------------------------------------------------------------------ names


@pytest.fixture
def app(tmp_path: Path) -> Path:
    (tmp_path / "Dockerfile").write_text("FROM scratch")
    (tmp_path / "migrations/versions").mkdir(parents=True)
    for name in ("migrations/env.py", "migrations/versions/0001_notes.py", "migrations/versions/notes.txt", "env.py"):
        (tmp_path / name).touch()
    return tmp_path


def test_a_build_is_named_by_commit_and_content(app: Path) -> None:
    service = Service("app", "shop-app:current", build=Build(app, "Dockerfile"))
    digest = content.content_hash(Build(app, "Dockerfile"))
    assert content.image_name(service, (), lambda: "59f888d-dirty") == f"shop-app:59f888d-dirty-{digest}"


def test_what_was_built_from_the_same_keeps_its_name(app: Path) -> None:
    service = Service("app", "shop-app:current", build=Build(app, "Dockerfile"))
    built = Edition(f"shop-app:1234567-{content.content_hash(Build(app, 'Dockerfile'))}", "sha256:1", NOW)
    assert content.image_name(service, (built,), lambda: pytest.fail("nobody asks")) == built.name


def test_an_image_whose_files_change_while_it_is_built_loses_its_name(app: Path) -> None:
    forgotten: list[str] = []
    docker: Any = SimpleNamespace(images=SimpleNamespace(remove=forgotten.append))
    build = Build(app, "Dockerfile", {})
    with images.unmixed(docker, build, "demo-app:0123456789ab"):
        pass
    assert forgotten == []
    with pytest.raises(StackError, match="files changed"), images.unmixed(docker, build, "demo-app:0123456789ab"):
        (app / "env.py").write_text("saved")
    assert forgotten == ["demo-app:0123456789ab"]


def test_migrations_are_what_lies_in_versions_beside_alembics_env(app: Path) -> None:
    assert content.migrations(Build(app, "Dockerfile")) == ("0001_notes",)
    assert content.migrations(Build(app / "none", "Dockerfile")) == ()


@pytest.mark.parametrize(
    ("tag", "ours"),
    [
        ("0123456789ab", True),
        ("59f888d-0123456789ab", True),
        ("59f888d-dirty-0123456789ab", True),
        ("current", False),
        ("v1", False),
        ("59f888d", False),
    ],
)
def test_only_our_own_tags_are_ours_to_remove(tag: str, ours: bool) -> None:
    assert bool(images.OURS.fullmatch(tag)) is ours


Git = Callable[..., None]


@pytest.fixture
def git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Git:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")

    def git(*words: str) -> None:
        subprocess.run(["git", *repository.IDENTITY, *words], cwd=tmp_path, check=True)

    return git


def test_a_version_is_the_commit_and_whether_all_is_in_it(tmp_path: Path, git: Git) -> None:
    assert repository.version(tmp_path, tmp_path) == ""
    git("init", "--quiet")
    assert repository.version(tmp_path, tmp_path) == ""
    (tmp_path / "app").mkdir()
    (tmp_path / "app/main.py").touch()
    git("add", "--all")
    git("commit", "--quiet", "--message", "one")
    commit = repository.version(tmp_path, tmp_path / "app")
    assert len(commit) == repository.DIGITS
    (tmp_path / "README.md").touch()
    assert repository.version(tmp_path, tmp_path / "app") == commit
    (tmp_path / "app/new.py").touch()
    assert repository.version(tmp_path, tmp_path / "app") == f"{commit}-dirty"


# ------------------------------------------------------------------ who is to blame


def finding(name: str, status: Status = Status.FAIL) -> Finding:
    return Finding(checks.select([name])[-1], Outcome(status))


def test_nobody_says_of_what_was_not_seen_that_it_serves() -> None:
    unseen = finding("host.seen")
    assert checks.blind([unseen, finding("app.healthy", Status.PASS), finding("app.answers", Status.SKIP)])
    assert not checks.blind([unseen, finding("app.healthy", Status.PASS), finding("app.answers", Status.PASS)])
    assert not checks.blind([finding("host.seen", Status.PASS), finding("app.answers", Status.SKIP)])


def test_a_version_does_not_answer_for_what_the_server_lacks() -> None:
    assert checks.blamed([finding("data.room"), finding("data.persistent"), finding("tls.days")]) == ()
    assert [one.check.id for one in checks.blamed([finding("data.reached")])] == ["data.reached"]


def test_a_version_answers_for_what_is_the_apps_and_was_good_before() -> None:
    found = [finding("app.answers"), finding("http.headers"), finding("tls.trusted"), finding("app.stops")]
    assert [one.check.id for one in checks.blamed(found)] == ["app.answers", "http.headers"]
    assert [one.check.id for one in checks.blamed(found, ("http.headers",))] == ["app.answers"]
    assert checks.blamed([finding("app.answers", Status.PASS), finding("app.healthy", Status.WARN)]) == ()


# ------------------------------------------------------------------ one at a time


def test_whoever_comes_second_is_told_who_was_first(tmp_path: Path) -> None:
    with alone(tmp_path, "rollback"), pytest.raises(NotReady) as caught, alone(tmp_path, "up"):
        pass
    assert f"`stack rollback` of {who()}" in caught.value.message
    assert f"(process {os.getpid()}), since " in caught.value.message
    assert holder(tmp_path) is None


def test_a_note_that_was_left_behind_tells_of_one_that_was_killed(tmp_path: Path) -> None:
    (tmp_path / ".stack").mkdir()
    killed = Holder("up", "anna@shop", 4711, "2026-08-01 12:00:00 UTC")
    (tmp_path / ".stack/lock").write_text(json.dumps(killed.__dict__))
    with alone(tmp_path, "up") as before:
        assert before == killed
    with alone(tmp_path, "up") as before:
        assert before is None


def test_a_note_of_a_process_that_has_ended_is_not_taken_for_whoever_is_at_work(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    with alone(tmp_path, "up"):
        note = tmp_path / ".stack/lock"
        note.write_text(json.dumps({**json.loads(note.read_text()), "pid": ended.pid}))
        with pytest.raises(NotReady, match="another `stack` is at work"), alone(tmp_path, "down"):
            pass


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"command": "up"}', "\x00"])
def test_a_note_that_says_nothing_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / ".stack").mkdir()
    (tmp_path / ".stack/lock").write_text(text)
    assert holder(tmp_path) is None


def test_a_lock_needs_no_note(tmp_path: Path) -> None:
    (tmp_path / ".stack").write_text("in the way")
    with alone(tmp_path, "up"), pytest.raises(NotReady, match="another `stack` is at work"), alone(tmp_path, "up"):
        pass


# ------------------------------------------------------------------ the lists

WHOLE = record(
    name="shop-app:59f888d-0123456789ab",
    stopped=(Stopped("demo-app-1", 1.5, killed=False),),
    did="rollback",
    who="anna@shop",
    before="shop-app:1111111-0123456789ac",
    failing=("tls.days",),
    requests=812,
    lost=0,
    migrations=("0001_notes",),
)


def test_a_whole_record_is_read_as_it_was_written() -> None:
    assert history.parse(history.text(WHOLE)) == WHOLE


def test_what_did_not_end_well_is_no_record_of_what_runs(tmp_path: Path) -> None:
    history.append(tmp_path, WHOLE)
    history.append(tmp_path, record(result="taken back", why="it cannot be imported"))
    assert history.last(tmp_path) == WHOLE
    assert [one.result for one in history.every(tmp_path)] == ["taken back", "good"]


def test_history_is_a_line_for_each_with_the_newest_last(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "compose.yaml").touch()
    assert run(["history", str(tmp_path)]) == ExitCode.GOOD
    assert capsys.readouterr().out.startswith("Nothing was done yet")
    history.append(tmp_path, WHOLE)
    history.append(tmp_path, record(result="taken back", why="it cannot be imported"))
    assert run(["history", str(tmp_path)]) == ExitCode.GOOD
    head, first, second = capsys.readouterr().out.splitlines()
    assert head.split()[0] == "when"
    expected = "anna@shop rollback 1111111-0123456789ac 59f888d-0123456789ab 22 812 0 good, but for tls.days"
    assert " ".join(first.split()[2:]) == expected
    assert second.endswith("taken back: it cannot be imported")
    assert run(["history", str(tmp_path), "--json"]) == ExitCode.GOOD
    document = json.loads(capsys.readouterr().out)
    assert [one["did"] for one in document["history"]] == ["rollback", "up"]


def test_marks_of_history_are_colours_on_a_terminal() -> None:
    bad: Record = record(result="failed", why="no")
    assert "\x1b[31mfailed: no" in done.text([bad], colour=True)


CHOICES = (
    Choice("1111111-aaaaaaaaaaaa", NOW - timedelta(days=3), serves=False, between=("0002_more", "0003_rest")),
    Choice("2222222-bbbbbbbbbbbb", NOW - timedelta(days=2), serves=False, between=()),
    Choice("2222222-cccccccccccc", None, serves=False, between=None),
    Choice("3333333-dddddddddddd", NOW, serves=True, between=()),
)


@pytest.mark.parametrize(
    ("tag", "chosen"), [(None, 1), ("1111111", 0), ("2222222-b", 1), ("2222222-cccccccccccc", 2), ("3", 3)]
)
def test_an_image_is_meant_by_how_its_tag_begins_or_is_the_one_before(tag: str | None, chosen: int) -> None:
    assert choose(CHOICES, tag) == CHOICES[chosen]


@pytest.mark.parametrize(("tag", "why"), [("2222222", "2 images begin"), ("4", "there is no image")])
def test_what_cannot_be_meant_is_refused_with_what_there_is(tag: str, why: str) -> None:
    with pytest.raises(WrongInput, match=why) as caught:
        choose(CHOICES, tag)
    assert caught.value.hint == "stack rollback --list"


def test_without_another_image_that_has_served_there_is_nothing_to_go_back_to() -> None:
    with pytest.raises(WrongInput, match="that it has served before"):
        choose(CHOICES[2:], None)
    assert back.text((), colour=False).startswith("There is no image to go back to")


def test_an_image_may_be_named_in_full() -> None:
    assert choose(CHOICES, "demo-app:1111111-aaaaaaaaaaaa") == CHOICES[0]


def test_where_no_image_has_served_before_those_that_there_are_are_named() -> None:
    with pytest.raises(WrongInput) as caught:
        choose(CHOICES[2:], None)
    assert caught.value.evidence == ("2222222-cccccccccccc",)
    assert "--to TAG" in caught.value.hint


def images_of(*running: str, tmp_path: Path) -> list[bool]:
    """Return which of two images, the second of which bears the name, is said to serve when these run."""
    here = Edition("demo-app:0123456789ab", "sha256:old", NOW), Edition("demo-app:aaaaaaaaaaaa", "sha256:new", NOW)
    own = tuple(container("app", id=one, name=one, image_id=one) for one in running)
    seen = facts(editions=here, images={"demo-app:current": "sha256:new"}, containers=own)
    return [one.serves for one in offered(project(directory=tmp_path), seen)]


@pytest.mark.parametrize(
    ("running", "serve"),
    [(("sha256:new",), [False, True]), ((), [False, True]), (("sha256:new", "sha256:old"), [False, False])],
    ids=["it runs", "the stack is down", "an up was cut off"],
)
def test_one_goes_back_from_what_bears_the_name_and_to_it_when_an_up_was_cut_off(
    tmp_path: Path, running: tuple[str, ...], serve: list[bool]
) -> None:
    assert images_of(*running, tmp_path=tmp_path) == serve


def test_one_that_was_killed_is_written_down_by_the_next_and_says_nothing_of_what_it_did(tmp_path: Path) -> None:
    history.append(tmp_path, record())
    dead = Holder("up", "anna@shop", 1, "2026-11-23 07:00:00 UTC")
    (tmp_path / ".stack/lock").write_text(json.dumps(asdict(dead)))
    with alone(tmp_path, "up") as before:
        stack.cut_off(project(directory=tmp_path), before)
    newest = next(history.every(tmp_path))
    assert (newest.result, newest.who, newest.did) == ("killed", "anna@shop", "up")
    assert "killed: its process was ended; it had begun at 2026-11-23 07:00" in done.text([newest], colour=False)
    assert history.ended(tmp_path) == record()


def test_the_list_says_what_serves_and_what_lies_between() -> None:
    lines = back.text(CHOICES, colour=False).splitlines()
    assert lines[1].endswith("2 migrations lie between: 0002_more, 0003_rest")
    assert lines[2].endswith("2026-07-30 12:00")
    assert lines[3].endswith("not written down")
    assert lines[4].endswith("serves now")
    assert back.document("demo", CHOICES)["images"][0]["migrations_between"] == ["0002_more", "0003_rest"]
