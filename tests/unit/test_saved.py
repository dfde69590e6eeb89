"""What was seen, in a file: the same findings elsewhere, and no secret in it."""

import json
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scaffold import __version__, checks, saved
from scaffold.checks import CHECKS, Check, Status
from scaffold.cli import run, saving
from scaffold.errors import ExitCode, NotReady, WrongInput
from scaffold.facts import Complaint, Deaths, Facts, Made, Process, Record, Reply, Server
from scaffold.project import Build, Project
from scaffold.record import Stopped
from scaffold.saved import HIDDEN, Saved

from ..builders import (
    HOST,
    NOW,
    container,
    containers,
    data_facts,
    data_project,
    facts,
    joining_facts,
    joining_project,
    local_facts,
    local_project,
    made,
    project,
    server,
    with_environment,
    with_hosts,
    with_service,
)
from .test_checks import FAILS, PASSES, SKIPS, Case, named

EVERY = tuple(one.id for one in CHECKS)
SECRET = "correct-horse-battery"
"""In no other word of the builders."""


def looked(stack: Project | None = None, seen: Facts | None = None, *ids: str) -> Saved:
    return Saved(stack or project(), seen or facts(), ids or EVERY)


def there_and_back(seen: Saved, *secrets: str) -> Saved:
    return saved.load(saved.dump(saved.discreet(seen, secrets)), "facts.json")


def text(seen: Saved, *secrets: str) -> str:
    return saved.dump(saved.discreet(seen, secrets))


def outcomes(seen: Saved, chosen: tuple[Check, ...] = CHECKS) -> dict[str, Any]:
    return {one.check.id: one.outcome for one in checks.run(seen.project, seen.facts, chosen)}


# ------------------------------------------------------------------ there and back


LEAVES: Mapping[Any, st.SearchStrategy[Any]] = {
    str: st.text(max_size=5),
    int: st.integers(),
    bool: st.booleans(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    datetime: st.datetimes(timezones=st.just(UTC)),
    timedelta: st.timedeltas(timedelta(days=-400), timedelta(days=400)),
    Path: st.text("abc/ü", min_size=1, max_size=5).map(Path),
    type(None): st.none(),
}


def anything(kind: Any) -> st.SearchStrategy[Any]:
    """Return values of a kind, with something in every field."""
    if isinstance(kind, type) and is_dataclass(kind):
        hints = get_type_hints(kind)
        return st.deferred(lambda: st.builds(kind, **{one.name: anything(hints[one.name]) for one in fields(kind)}))
    origin, inside = get_origin(kind), get_args(kind)
    if origin in {Union, types.UnionType}:
        return st.one_of(*map(anything, inside))
    if origin is tuple:
        return st.lists(anything(inside[0]), max_size=2).map(tuple)
    if origin is frozenset:
        return st.frozensets(anything(inside[0]), max_size=2)
    if origin is not None and issubclass(origin, Mapping):
        return st.dictionaries(anything(inside[0]), anything(inside[1]), max_size=2)
    return LEAVES[kind]


@pytest.mark.parametrize("one", fields(Facts), ids=lambda one: one.name)
@settings(max_examples=5, suppress_health_check=list(HealthCheck), deadline=None)
@given(data=st.data())
def test_every_fact_comes_back_as_it_was(one: Any, data: st.DataObject) -> None:
    value = data.draw(anything(get_type_hints(Facts)[one.name]))
    seen = looked(None, replace(facts(), **{one.name: value}))
    assert saved.load(saved.dump(seen), "facts.json") == seen


@settings(max_examples=20, suppress_health_check=list(HealthCheck), deadline=None)
@given(anything(Project))
def test_every_project_comes_back_as_it_was(stack: Project) -> None:
    seen = looked(stack)
    assert saved.load(saved.dump(seen), "facts.json") == seen


def test_a_name_that_is_no_utf8_comes_back_as_it_was() -> None:
    seen = looked(replace(project(), directory=Path("/srv/\udcff")))
    assert saved.load(saved.dump(seen).encode().decode(), "facts.json") == seen


STACKS = [
    (project(), facts()),
    (local_project(), local_facts()),
    (data_project(), data_facts()),
    (joining_project(), joining_facts()),
]


@pytest.mark.parametrize(("stack", "seen"), STACKS, ids=["acme", "local", "with data", "behind a shared proxy"])
def test_a_healthy_stack_is_found_as_healthy_from_the_file(stack: Project, seen: Facts) -> None:
    assert outcomes(there_and_back(looked(stack, seen), SECRET)) == outcomes(looked(stack, seen))


@pytest.mark.parametrize("case", [*PASSES, *FAILS, *SKIPS], ids=named)
def test_whatever_a_check_finds_it_finds_in_the_file(case: Case) -> None:
    chosen = checks.select([case.check])
    seen = looked(case.stack, case.seen)
    assert outcomes(there_and_back(seen, SECRET), chosen) == outcomes(seen, chosen)


def test_labels_that_are_hidden_still_differ_where_they_did() -> None:
    name = "traefik.http.middlewares.gate.basicauth.users"
    stack = with_service(project(), "app", labels={**project().app.labels, name: "me:new-hash"})
    labels = {**project().app.labels, name: "me:old-hash"}
    built = made("app", command=project().app.command, labels=labels, image="demo-app:current", mounts={})
    seen = looked(stack, facts(containers=containers(container("app", config_hash="earlier", made=built))))
    found = outcomes(there_and_back(seen), checks.select(["drift.containers"]))["drift.containers"]
    assert found.seen == (f"demo-app-1: label {name}",)


# ------------------------------------------------------------------ no secret


def app_with(**changes: Any) -> Saved:
    return looked(with_service(project(), "app", **changes))


def app_is(**changes: Any) -> Saved:
    return looked(None, facts(containers=containers(container("app", **changes))))


BY_NAME = {
    "a variable": app_with(environment={"MODE": SECRET}),
    "a variable of PostgreSQL's": app_with(environment={"PGPASSWORD": SECRET}),
    "a variable of Traefik's": looked(with_environment(project(), TRAEFIK_PROVIDERS_CONSUL_TOKEN=SECRET)),
    "an account's key": looked(
        with_environment(project(), TRAEFIK_CERTIFICATESRESOLVERS_ACME_ACME_EAB_HMACENCODED=SECRET)
    ),
    "a line of .env": looked(None, facts(settings={"STACK_WORKERS": "2", "PRICE": SECRET})),
    "an argument of a build": app_with(build=Build(Path("/srv/demo"), "Dockerfile", {"INDEX": SECRET})),
    "users": app_with(labels={"traefik.http.middlewares.x.basicAuth.users": f"me:{SECRET}"}),
    "users with digests": app_is(made=Made(labels={"traefik.http.middlewares.x.digestauth.users": f"me:{SECRET}"})),
    "a header": app_with(labels={"traefik.http.middlewares.x.headers.customrequestheaders.Authorization": SECRET}),
    "an option": app_with(command=("serve", f"--password={SECRET}")),
    "an option and a word": app_with(entrypoint=("serve", "--api-token", SECRET)),
    "a command in a shell": app_is(made=Made(command=("sh", "-c", f"API_KEY='{SECRET}' serve --token {SECRET} &"))),
    "an address": app_is(words=f"cannot reach postgresql://app:{SECRET}@postgres/app"),
    "a process": looked(None, facts(servers=(Server("demo-app-1", (Process(1, 0, ("x", "--secret", SECRET)),)),))),
    "a query": looked(None, facts(slash=Reply(f"https://{HOST}/?token={SECRET}"))),
    "a variable of the proxy": looked(joining_project(OTHER=SECRET), joining_facts()),
    "what a label repeats": app_with(environment={"API_TOKEN": SECRET}, labels={"x": f"a {SECRET} b"}),
}


@pytest.mark.parametrize("seen", BY_NAME.values(), ids=BY_NAME)
def test_what_a_name_calls_secret_is_not_in_the_file(seen: Saved) -> None:
    assert SECRET in saved.dump(seen)
    assert SECRET not in text(seen)


ANYWHERE = {
    "a label": app_with(labels={"a.b": SECRET, SECRET: "1"}),
    "a command": app_with(command=("redis-server", "--requirepass", SECRET)),
    "a path": app_with(binds={f"/run/{SECRET}": Path(f"/srv/{SECRET}/x")}),
    "a setting": looked(None, facts(settings={"STACK_ADDRESSES": SECRET})),
    "a log": looked(None, facts(deaths=(Deaths("demo-app-1", (f"it died of {SECRET}",)),))),
    "a complaint": looked(None, facts(complaints=(Complaint(NOW, f"no {SECRET}", "orders"),))),
    "a healthcheck": app_is(words=f"no {SECRET}"),
    "an orphan": looked(None, facts(orphans=(container("old", name=SECRET),))),
    "a reason": looked(None, facts(unseen={"leaf": f"no {SECRET}"})),
    "a variable of the server": looked(None, facts(servers=(server(environment={"WEB_CONCURRENCY": SECRET}),))),
}


@pytest.mark.parametrize("seen", ANYWHERE.values(), ids=ANYWHERE)
def test_what_lies_in_secrets_is_nowhere_in_the_file(seen: Saved) -> None:
    assert SECRET in text(seen)
    assert SECRET not in text(seen, SECRET)


def test_hashes_of_definitions_which_values_could_be_tried_against_are_not_in_the_file() -> None:
    assert "hash-of-" not in text(looked())


OPEN = {
    "STACK_WORKERS": "2",
    "TRAEFIK_LOG_LEVEL": "INFO",
    "PGDATA": "/data",
    "POSTGRES_PASSWORD_FILE": "/run/secrets/postgres_password",
    "FORWARDED_ALLOW_IPS": "10.0.0.0/8",
    "WEB_CONCURRENCY": "2",
    "UVICORN_WORKERS": "2",
    "LEGO_CA_CERTIFICATES": "/run/acme-root.pem",
    "EMPTY": "",
}


def test_variables_that_checks_read_are_in_the_file_and_of_others_the_name() -> None:
    found = there_and_back(app_with(environment={**OPEN, "MODE": "a", "OTHER": "a", "THIRD": "b"})).project.app
    hidden = {name: value for name, value in found.environment.items() if name not in OPEN}
    assert {name: found.environment[name] for name in OPEN} == OPEN
    assert hidden["MODE"] == hidden["OTHER"] != hidden["THIRD"]
    assert all(value.startswith(HIDDEN) for value in hidden.values())


@pytest.mark.parametrize(
    "value",
    [
        HOST,
        f"https://{HOST}",
        f"https://{HOST}:8443/",
        "traefik",
        "socket-proxy",
        "localhost",
        "localhost:6379",
        "0.0.0.0",
        "10.0.0.0/8",
        "staging",
        "uvicorn",
        "running",
    ],
)
def test_a_setting_that_is_a_public_word_changes_no_finding(value: str) -> None:
    stack = with_hosts(with_environment(project(), STACK_CERTIFICATES="staging"), HOST)
    seen = looked(stack, facts())
    assert there_and_back(seen, value) == there_and_back(seen)


def test_the_name_of_a_router_makes_no_rule_secret() -> None:
    rule = {"traefik.http.routers.secret-token-app.rule": f"Host(`{HOST}`)"}
    assert there_and_back(app_with(labels=rule)).project.canonical == (HOST,)


def test_what_is_hidden_is_hidden_alike_wherever_it_stands() -> None:
    found = there_and_back(app_with(command=("x", SECRET), labels={"a": SECRET}), SECRET).project.app
    assert found.command[1] == found.labels["a"]


def test_a_record_comes_along() -> None:
    record = Record(NOW, 12.5, "sha256:app", "demo-app:1", (Stopped("demo-app-1", 1.5, killed=False),))
    assert there_and_back(looked(None, facts(record=record))).facts.record == record


# ------------------------------------------------------------------ the file


NEWER = json.dumps({"stack": "99.0"})


@pytest.mark.parametrize(
    ("content", "says", "evidence"),
    [
        (b"", "is no file that", "it is no JSON"),
        (b"[" * 100_000, "is no file that", "it is no JSON"),
        (b"\xff\xfe", "is no file that", "decode"),
        (b"[1]", "is no file that", "does not say which version"),
        (b'{"name": "x"}', "is no file that", "does not say which version"),
        (b'{"stack": "latest"}', "is no file that", "does not say which version"),
        (json.dumps({"stack": __version__}).encode(), "is no file that", "required field missing @ $.project"),
        (
            saved.dump(looked()).replace(NOW.isoformat(), "yesterday").encode(),
            "is no file that",
            "invalid value for type, expected datetime @ $.facts.now",
        ),
        (NEWER.encode(), "was saved by stack 99.0", ""),
    ],
    ids=["empty", "deep", "binary", "a list", "another", "no version", "nothing in it", "a wrong date", "newer"],
)
def test_a_file_that_cannot_be_judged_is_refused_with_the_cause(
    tmp_path: Path, content: bytes, says: str, evidence: str
) -> None:
    path = tmp_path / "facts.json"
    path.write_bytes(content)
    with pytest.raises(WrongInput, match=says) as caught:
        saved.read(path)
    assert str(path) in caught.value.message
    assert evidence in " ".join(caught.value.evidence)
    assert caught.value.hint


@pytest.mark.parametrize("name", ["missing.json", "."])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(WrongInput, match="cannot be read"):
        saved.read(tmp_path / name)


def test_its_owner_alone_may_read_the_file_and_an_older_one_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "facts.json"
    path.write_text("old", encoding="utf-8")
    path.chmod(0o644)
    saved.write(path, "new…")
    assert (path.read_text(encoding="utf-8"), oct(path.stat().st_mode & 0o777)) == ("new…", "0o600")
    assert [one.name for one in tmp_path.iterdir()] == ["facts.json"]


@pytest.mark.parametrize("name", ["nowhere/facts.json", "folder"])
def test_where_no_file_can_be_written_nothing_is_left(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(NotReady, match="cannot be written"):
        saved.write(tmp_path / name, "x")
    assert [one.name for one in tmp_path.iterdir()] == ["folder"]


# ------------------------------------------------------------------ the command


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """Return a file of a stack that has one failure, judged by four checks."""
    sick = facts(containers=containers(container("app", health="unhealthy")))
    path = tmp_path / "facts.json"
    ids = ("data.healthy", "app.healthy", "proxy.ports", "host.engine")
    path.write_text(saved.dump(looked(None, sick, *ids)), encoding="utf-8")
    return path


def findings(printed: str) -> dict[str, str]:
    return {one["id"]: one["status"] for one in json.loads(printed)["findings"]}


def folder(path: Path, secret: str) -> Path:
    """Return the folder of a project that has one secret."""
    (path / "secrets").mkdir(parents=True)
    (path / "secrets/app.env").write_text(f"KEY={secret}\n", encoding="utf-8")
    return path


def test_what_is_judged_is_what_the_file_says_and_no_secret_of_either_project_is_in_it(tmp_path: Path) -> None:
    told = joining_project()
    assert told.front is not None
    front = replace(told.front, directory=folder(tmp_path / "proxy", "secret-of-the-proxy"))
    stack = replace(told, directory=folder(tmp_path / "shop", SECRET), front=front)
    seen = joining_facts(deaths=(Deaths("demo-app-1", (f"one died of {SECRET}", "another of secret-of-the-proxy")),))
    file = tmp_path / "facts.json"

    judged = saving.keep(file, stack, seen, CHECKS)

    again = saved.read(file)
    assert judged == (again.project, again.facts)
    assert again.checks == EVERY
    assert [line.partition(HIDDEN)[0] for line in again.facts.deaths[0].words] == ["one died of ", "another of "]


def test_where_the_proxys_secrets_cannot_be_read_its_own_are_hidden(tmp_path: Path) -> None:
    stack = replace(joining_project(), directory=folder(tmp_path / "shop", SECRET), front=None)
    _, seen = saving.keep(
        tmp_path / "facts.json", stack, joining_facts(deaths=(Deaths("demo-app-1", (SECRET,)),)), CHECKS
    )
    assert seen.deaths[0].words[0].startswith(HIDDEN)


def test_a_file_is_judged_by_its_own_checks(report: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "--from-facts", str(report), "--json"]) == ExitCode.FAILED
    assert findings(capsys.readouterr().out) == {
        "host.engine": "pass",
        "data.healthy": "pass",
        "app.healthy": "fail",
        "proxy.ports": "pass",
    }


def test_some_of_its_checks_can_be_asked_for(report: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "--from-facts", str(report), "--only", "proxy.ports", "--json"]) == ExitCode.GOOD
    assert findings(capsys.readouterr().out) == {"proxy.ports": "pass"}
    assert run(["check", "--from-facts", str(report), "--before", "--json"]) == ExitCode.GOOD
    assert findings(capsys.readouterr().out) == {"host.engine": "pass"}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--only", "http.redirects"], "none of these checks was run"),
        (["--facts", "other.json"], "looks at nothing"),
    ],
)
def test_what_a_file_cannot_answer_is_refused(
    report: Path, words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", "--from-facts", str(report), *words]) == ExitCode.WRONG_INPUT
    assert says in capsys.readouterr().err


def test_a_check_that_is_not_known_here_is_refused(report: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report.write_text(report.read_text(encoding="utf-8").replace("proxy.ports", "proxy.prots"), encoding="utf-8")
    assert run(["check", "--from-facts", str(report)]) == ExitCode.WRONG_INPUT
    assert "proxy.prots" in capsys.readouterr().err


# ------------------------------------------------------------------ reports of people


REPORTS = Path(__file__).parent / "reports"


@pytest.mark.parametrize("path", sorted(REPORTS.glob("*.json")), ids=lambda path: path.stem)
def test_a_report_is_judged_as_it_should_be(path: Path) -> None:
    seen = saved.read(path)
    found = outcomes(seen, checks.select(seen.checks))
    lines = [f"{outcome.status} {name}" for name, outcome in found.items() if outcome.status is not Status.PASS]
    assert lines == path.with_suffix(".txt").read_text(encoding="utf-8").splitlines()
