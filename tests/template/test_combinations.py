"""Every supported combination of answers makes a whole project; every refused one says why."""

from __future__ import annotations

import difflib
import itertools
import os
import re
import shutil
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scaffold import answers as answering
from scaffold import model, placing, server
from scaffold.errors import WrongInput

from . import projects
from .combinations import (
    PAIRS,
    REFUSED,
    Combination,
    Refused,
    Service,
    files,
    given,
    kind,
    owns_proxy,
    possible_pairs,
    services,
    steps_before,
    stores,
    supported,
)
from .conftest import Made, Understood

GOLDEN = Path(__file__).parent / "golden/default"


@dataclass(frozen=True)
class Held:
    """A service in Compose's words, and what is expected of it."""

    project: str
    name: str
    service: dict[str, Any]
    expected: Service


every_combination = pytest.mark.parametrize("combination", supported(), ids=lambda one: one.name)
APPS = tuple(one for one in supported() if kind(one.answers) == "app")
every_app = pytest.mark.parametrize("combination", APPS, ids=lambda one: one.name)


def test_every_question_has_its_values() -> None:
    asked = answering.questions((answering.template() / "copier.yml").read_text())

    assert set(PAIRS) == set(asked)


def test_every_two_values_meet() -> None:
    met = {
        pair
        for combination in supported()
        for pair in itertools.combinations(enumerate(combination.answers.get(name) for name in PAIRS), 2)
    }

    assert set(possible_pairs()) - met == set()


@every_combination
def test_a_combination_is_whole(combination: Combination, made: Made) -> None:
    folder = made(combination)

    assert {str(path) for path in placing.files(folder)} == files(combination.answers)
    left = [path for path in folder.rglob("*") if path.is_file() and re.search(r"{%|(?<!\$){#", path.read_text())]
    assert left == []


@every_app
def test_the_helper_reads_what_was_answered(combination: Combination, made: Made, understood: Understood) -> None:
    answers = combination.answers
    domain = answers.get("domain", "localhost")
    others = str(answers["hosts"]).split(",") if "hosts" in answers else []

    project = model.parse(understood(combination), {}, made(combination))

    assert project.name == answers.get("project_name", "shop")
    assert (project.canonical, project.others) == ((domain,), tuple(others))
    assert project.prefix == answers.get("path_prefix", "")
    assert f"--root-path={project.prefix}" in project.app.command
    assert project.joins == ("" if owns_proxy(answers) else answers.get("proxy_project", "proxy"))
    assert f"--workers={answers.get('workers', 1 if 'replicas' in answers else 2)}" in project.app.command
    assert server.app(project.app.command) == answers.get("app", "app.main:app")
    assert server.name(project.app.command) == answers.get("server", "uvicorn")
    assert project.app.replicas == answers.get("replicas", 1)


@every_combination
def test_the_helper_reads_what_was_answered_about_the_proxy(
    combination: Combination, made: Made, understood: Understood
) -> None:
    answers = combination.answers
    public = kind(answers) == "proxy" or answers.get("domain", "localhost").endswith("example.com")

    project = model.parse(understood(combination), {}, made(combination))

    assert project.is_proxy is (kind(answers) == "proxy")
    assert (project.find("traefik") is not None) is owns_proxy(answers)
    if owns_proxy(answers):
        assert (project.http_port, project.https_port) == (80, 443)
        assert project.certificates == answers.get("certificates", "acme" if public else "local")


@every_combination
def test_every_name_that_traefik_keeps_is_the_projects_own(combination: Combination, understood: Understood) -> None:
    document = understood(combination)
    labels = document["services"].get("app", {}).get("labels", {})
    kept = {match[1] for name in labels if (match := re.match(r"traefik\.http\.[a-z]+\.([^.]+)\.", name))}

    assert all(one.startswith(f"{document['name']}-") for one in kept)
    assert bool(kept) is ("app" in document["services"])


@every_combination
def test_the_services_are_those_that_were_chosen(combination: Combination, understood: Understood) -> None:
    assert set(understood(combination)["services"]) == set(services(combination.answers))


@pytest.mark.parametrize("refused", REFUSED.values(), ids=REFUSED)
def test_answers_that_contradict_each_other_are_refused(tmp_path: Path, refused: Refused) -> None:
    with pytest.raises(WrongInput, match=re.escape(refused.fragment)) as said:
        projects.make(tmp_path / "shop", {**refused.beside, **given(refused.answers)})

    assert said.value.exit_code == 2
    assert list(tmp_path.iterdir()) == []


class TestEveryServiceAlways:
    """DESIGN.md §4: what every service has. One-shot ones have neither healthcheck nor restart policy."""

    @pytest.fixture(
        params=[(combination, name) for combination in supported() for name in services(combination.answers)],
        ids=lambda one: f"{one[0].name}-{one[1]}",
    )
    def held(self, request: pytest.FixtureRequest, understood: Understood) -> Held:
        combination, name = request.param
        model = understood(combination)
        return Held(model["name"], name, model["services"][name], services(combination.answers)[name])

    def test_is_pinned(self, held: Held) -> None:
        image, _, tag = held.service["image"].rpartition(":")
        assert tag == "current" if image == f"{held.project}-app" else re.match(r"v?\d", tag)

    def test_is_watched_unless_it_ends_by_itself(self, held: Held) -> None:
        assert held.service.get("healthcheck", {}).get("test", [""])[0] == ("" if held.expected.one_shot else "CMD")
        assert held.service.get("restart", "no") == ("no" if held.expected.one_shot else "unless-stopped")

    def test_is_bounded(self, held: Held) -> None:
        assert int(held.service["mem_limit"]) > 0
        assert int(held.service["pids_limit"]) > 0
        assert held.service["stop_grace_period"]
        assert held.service["logging"]["options"] == {"max-size": "10m", "max-file": "3"}
        assert [one for one in held.service.get("tmpfs", []) if "size=" not in one] == []

    def test_may_do_nothing_it_need_not(self, held: Held) -> None:
        assert held.service["cap_drop"] == ["ALL"]
        assert tuple(held.service.get("cap_add", ())) == held.expected.cap_add
        assert held.service["security_opt"] == ["no-new-privileges:true"]
        assert held.service["read_only"] is True
        assert re.fullmatch(r"0:0" if held.expected.root else r"[1-9]\d*:[1-9]\d*|baker", held.service["user"])
        assert {"privileged", "network_mode", "pid", "ipc", "devices"} & set(held.service) == set()

    def test_reaches_only_what_it_needs(self, held: Held) -> None:
        sources = [str(one.get("source")) for one in held.service.get("volumes", [])]
        assert set(held.service["networks"]) == held.expected.networks
        assert {int(port["published"]) for port in held.service.get("ports", [])} == held.expected.published
        assert any(one.endswith("docker.sock") for one in sources) is held.expected.docker_socket

    def test_only_the_app_is_offered_to_traefik(self, held: Held) -> None:
        """FACTS T14: a container that copied the app's labels would get its share of the requests."""
        labels = [name for name in held.service.get("labels", {}) if name.startswith("traefik.")]
        assert bool(labels) is (held.name == "app")


@every_combination
def test_networks_lead_nowhere_they_need_not(combination: Combination, understood: Understood) -> None:
    networks = understood(combination)["networks"]

    inside = {"socket"} if owns_proxy(combination.answers) else set()
    inside |= {"backend"} if stores(combination.answers) else set()
    assert {name for name, network in networks.items() if network.get("internal")} == inside
    assert set(networks) == inside | {"edge"}


@every_app
def test_each_waits_for_what_it_needs(combination: Combination, understood: Understood) -> None:
    model = understood(combination)["services"]
    healthy = dict.fromkeys(stores(combination.answers), "service_healthy")
    once = {"prestart": "service_completed_successfully"} if "prestart" in model else {}

    assert waits(model["app"]) == {**healthy, **once}
    assert waits(model.get("prestart", {})) == (healthy if once else {})


def waits(service: Mapping[str, Any]) -> dict[str, str]:
    return {name: one["condition"] for name, one in service.get("depends_on", {}).items()}


@every_app
def test_what_runs_in_the_apps_image_begins_alike(combination: Combination, understood: Understood) -> None:
    model = understood(combination)["services"]
    entry = ["python", "-I", "-S", "/opt/stack/entrypoint.py", *combination.answers.get("entrypoint", "").split()]

    assert model["app"]["entrypoint"] == entry
    if steps := steps_before(combination.answers):
        alike = ("image", "entrypoint", "environment", "secrets", "volumes", "user", "mem_limit", "networks")
        assert {key: model["prestart"].get(key) for key in alike} == {key: model["app"].get(key) for key in alike}
        assert model["prestart"]["command"] == ["timeout", "-k", "10", "600", *steps]
        assert model["prestart"]["healthcheck"] == {"disable": True}
        assert "build" not in model["prestart"]


class TestDevelopment:
    """compose.dev.yaml over compose.yaml: a project of its own, that only this machine reaches."""

    @pytest.fixture(params=APPS, ids=lambda one: one.name)
    def combination(self, request: pytest.FixtureRequest) -> Combination:
        found: Combination = request.param
        return found

    @pytest.fixture
    def served(self, combination: Combination, understood: Understood) -> dict[str, Any]:
        return understood(combination)

    @pytest.fixture
    def developed(self, combination: Combination, understood: Understood) -> dict[str, Any]:
        return understood(combination, "compose.yaml", "compose.dev.yaml")

    def test_nothing_is_shared_with_the_stack_that_serves_people(
        self, served: dict[str, Any], developed: dict[str, Any]
    ) -> None:
        assert developed["name"] == f"{served['name']}-dev"
        for lasting in ("volumes", "networks"):
            mine, others = ({one["name"] for one in model.get(lasting, {}).values()} for model in (developed, served))
            assert mine & others == set()
        assert developed["services"]["app"]["image"] == f"{developed['name']}-app:current"

    def test_https_is_left_out(self, combination: Combination, developed: dict[str, Any]) -> None:
        assert set(developed["services"]) == set(services(combination.answers)) - {"traefik", "socket-proxy"}
        assert [one.get("labels") for one in developed["services"].values() if one.get("labels")] == []

    def test_only_this_machine_reaches_the_app(self, developed: dict[str, Any]) -> None:
        ports = {
            (name, port["host_ip"], int(port["published"]), port["target"])
            for name, service in developed["services"].items()
            for port in service.get("ports", [])
        }
        assert ports == {("app", "127.0.0.1", 8000, 8000)}

    def test_the_code_is_what_lies_here_and_cannot_be_changed(
        self, combination: Combination, developed: dict[str, Any], made: Made
    ) -> None:
        for name in {"app", "prestart"} & set(developed["services"]):
            service = developed["services"][name]
            mounted = {one["target"]: one for one in service["volumes"] if one["type"] == "bind"}
            assert mounted["/srv"]["source"] == str(made(combination))
            assert mounted["/opt/stack"]["source"] == str(made(combination) / "container")
            assert [target for target, one in mounted.items() if not one.get("read_only")] == []
            assert service["working_dir"] == "/srv"

    def test_the_server_starts_again_by_itself_and_no_container_does(self, developed: dict[str, Any]) -> None:
        assert "--reload" in developed["services"]["app"]["command"]
        assert not any(word.startswith("--workers") for word in developed["services"]["app"]["command"])
        assert {one.get("restart", "no") for one in developed["services"].values()} == {"no"}


Passwords = Mapping[tuple[str, str], str]
"""The text of a password's file, by the names of combination and store."""


@pytest.fixture(scope="module")
def passwords(made: Made) -> Passwords:
    return {
        (combination.name, store): (made(combination) / f"secrets/{store}_password").read_text()
        for combination in supported()
        for store in stores(combination.answers)
    }


class TestPasswords:
    def test_each_is_its_own_of_160_bits(self, passwords: Passwords) -> None:
        assert [text for text in passwords.values() if not re.fullmatch(r"[0-9a-f]{40}\n", text)] == []
        assert len(set(passwords.values())) == len(passwords) > 20

    @every_combination
    def test_none_is_anywhere_else(
        self, combination: Combination, made: Made, understood: Understood, passwords: Passwords
    ) -> None:
        rendered = {str(path): (made(combination) / path).read_text() for path in placing.files(made(combination))}
        read = rendered | {"the model": str(understood(combination))}
        mine = {store: passwords[combination.name, store].strip() for store in stores(combination.answers)}

        holding = {(name, store) for name, text in read.items() for store, secret in mine.items() if secret in text}
        assert holding == {(f"secrets/{store}_password", store) for store in mine}

    @every_combination
    def test_who_may_read_secrets_is_decided_by_their_folder(self, combination: Combination, made: Made) -> None:
        """FACTS C12: 0444 in a folder of 0700, so that a container's own user can read what is mounted singly."""
        folder = made(combination) / "secrets"
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}

        closed = {f"{store}_password": 0o444 for store in stores(combination.answers)}
        app = {"app.env": 0o644} if kind(combination.answers) == "app" else {}
        proxy = {"traefik.env": 0o644} if owns_proxy(combination.answers) else {}
        assert modes == {".gitignore": 0o644, **app, **proxy, **closed}
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_default_project_is_the_golden_one(made: Made) -> None:
    """`make golden` takes what is rendered now for what it has to be; read the difference before it is committed."""
    rendered = contents(made(supported()[0]))
    if os.environ.get("GOLDEN") == "write":
        write(rendered)

    difference = "".join(differences(contents(GOLDEN), rendered))

    if difference:
        pytest.fail(
            f"the default project differs from {GOLDEN}; if it is meant to: make golden\n{difference}", pytrace=False
        )


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file's bytes, but for the two lines of Copier's note that differ by checkout."""
    read = {str(path): (folder / path).read_bytes() for path in placing.files(folder)}
    note = read.get(".copier-answers.yml", b"")
    return {**read, ".copier-answers.yml": re.sub(rb"(?m)^(_commit|_src_path): .*", rb"\1: differs", note)}


def differences(before: Mapping[str, bytes], now: Mapping[str, bytes]) -> Iterator[str]:
    """Yield what has changed as a patch would say it; a change that no text shows, by the file's name."""
    for name in sorted({*before, *now}):
        one, other = (side.get(name, b"").decode().splitlines(keepends=True) for side in (before, now))
        if before.get(name) != now.get(name):
            sides = (f"golden/{name}" if name in before else "/dev/null", name if name in now else "/dev/null")
            yield "".join(difflib.unified_diff(one, other, *sides)) or f"{sides[0]} is now {sides[1]}\n"


def write(project: Mapping[str, bytes]) -> None:
    shutil.rmtree(GOLDEN, ignore_errors=True)
    for name, content in project.items():
        (GOLDEN / name).parent.mkdir(parents=True, exist_ok=True)
        (GOLDEN / name).write_bytes(content)
