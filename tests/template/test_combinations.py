"""Every supported combination of answers makes a whole project; every refused one says why."""

from __future__ import annotations

import difflib
import itertools
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scaffold import answers as answering
from scaffold import placing, render, server
from scaffold import project as wanted
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
    possible_pairs,
    services,
    supported,
)
from .conftest import Made, Understood

GOLDEN = Path(__file__).parent / "golden/default"


@dataclass(frozen=True)
class Held:
    """A service in Compose's words, and what is expected of it."""

    project: str
    service: dict[str, Any]
    expected: Service


every_combination = pytest.mark.parametrize("combination", supported(), ids=lambda one: one.name)


def test_every_question_has_its_values() -> None:
    asked = answering.questions((render.template() / "copier.yml").read_text())

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
    left = [path for path in folder.rglob("*") if path.is_file() and re.search(r"{%|{#", path.read_text())]
    assert left == []


@every_combination
def test_the_helper_reads_what_was_answered(combination: Combination, made: Made, understood: Understood) -> None:
    answers = combination.answers
    domain = answers.get("domain", "localhost")
    certificates = answers.get("certificates", "local" if domain == "localhost" else "acme")

    project = wanted.parse(understood(combination), {}, made(combination))

    assert project.name == answers.get("project_name", "shop")
    assert project.hosts == (domain,)
    assert (project.http_port, project.https_port) == (80, 443)
    assert project.resolver == ("acme" if certificates == "acme" else "")
    assert f"--workers={answers.get('workers', 1 if 'replicas' in answers else 2)}" in project.app.command
    assert server.app(project.app.command) == answers.get("app", "app.main:app")
    assert server.name(project.app.command) == answers.get("server", "uvicorn")
    assert project.app.replicas == answers.get("replicas", 1)


@every_combination
def test_the_services_are_those_that_were_chosen(combination: Combination, understood: Understood) -> None:
    assert set(understood(combination)["services"]) == set(services(combination.answers))


@pytest.mark.parametrize("refused", REFUSED.values(), ids=REFUSED)
def test_answers_that_contradict_each_other_are_refused(tmp_path: Path, refused: Refused) -> None:
    with pytest.raises(WrongInput, match=re.escape(refused.fragment)) as said:
        projects.make(tmp_path / "shop", given(refused.answers))

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
        return Held(model["name"], model["services"][name], services(combination.answers)[name])

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
