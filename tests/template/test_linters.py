"""What four linters say about every distinct file of every combination: nothing, but for what is listed here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from scaffold import placing

from . import linters
from .combinations import supported
from .conftest import Made
from .linters import Finding

Linter = Callable[[Path], Iterator[Finding]]
LINTERS: tuple[Linter, ...] = (linters.hadolint, linters.yamllint, linters.checkov, linters.dclint)

EXPECTED: Mapping[tuple[str, str], str] = {
    ("compose.*.yaml", "require-project-name-field"): "compose.yaml has the name, and includes these",
    ("compose.proxy.yaml", "no-unbound-port-interfaces"): "80 and 443 are for everybody, over IPv4 and IPv6",
    ("compose.static.yaml", "no-build-and-image"): "what is built here has a name that tells its content",
    ("compose.external.yaml", "no-unbound-port-interfaces"): "it is bound; the linter does not see it in a variable",
    ("compose.dev.yaml", "services-alphabetical-order"): "what runs the code comes first, then what it needs",
    ("compose.proxy.yaml", "services-alphabetical-order"): "who answers comes first, then what it needs",
}
"""File, or a pattern of such, and rule; what is reported nevertheless, and why. Elsewhere these rules hold."""

KNOWN_BAD = {
    "Dockerfile": "FROM debian\n",
    # Put together here, so that nobody's scanner takes this file for a leak.
    ".env": f"STRIPE_KEY=sk_{'live'}_abcdefghijklmnopqrstuvwx\n",
    ".copier-answers.yml": "a: 1\na: 2\n",
    "compose.app.yaml": 'version: "3"\nservices: {}  \n',
    "traefik/dynamic/tls.yaml": 'a: {{ env "A" }}\na: 2\n',
}
REPORTED = [
    (linters.hadolint, "Dockerfile", "DL3006"),
    (linters.checkov, "Dockerfile", "CKV_DOCKER_2"),
    (linters.checkov, ".env", "CKV_SECRET_17"),
    (linters.yamllint, ".copier-answers.yml", "key-duplicates"),
    (linters.yamllint, "compose.app.yaml", "trailing-spaces"),
    (linters.yamllint, "traefik/dynamic/tls.yaml", "key-duplicates"),
    (linters.dclint, "compose.app.yaml", "no-version-field"),
]
BAD = "known-bad"


@pytest.fixture(scope="module")
def findings(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Mapping[Linter, list[Finding]]:
    """Return what each linter says; known-bad files lie among the others, so that looking at nothing is noticed."""
    if not (linters.ENVIRONMENT / "ready").exists():
        pytest.fail("the linters are not installed: make .venv-lint/ready", pytrace=False)
    folder = tmp_path_factory.mktemp("distinct")
    for combination in supported():
        collect(made(combination), folder, combination.name)
    for name, text in KNOWN_BAD.items():
        place(folder / BAD / name, name, text)
    return {linter: list(linter(folder)) for linter in LINTERS}


def collect(project: Path, folder: Path, source: str) -> None:
    """Add the files of a project that are not there yet, below the name of their source."""
    for path in placing.files(project):
        text = (project / path).read_text()
        known = (other / path for other in folder.iterdir())
        if all(not other.exists() or other.read_text() != as_read(str(path), text) for other in known):
            place(folder / source / path, str(path), text)


def place(target: Path, name: str, text: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(as_read(name, text))


def as_read(name: str, text: str) -> str:
    """Return a file as its reader sees it: Traefik renders its dynamic files as Go templates."""
    return re.sub(r"{{.*?}}", "true", text) if name.startswith("traefik/dynamic/") else text


def expected(one: Finding) -> bool:
    return any(fnmatchcase(one.file, file) and one.rule == rule for file, rule in EXPECTED)


@pytest.mark.parametrize("linter", LINTERS)
def test_a_linter_has_nothing_to_say(findings: Mapping[Linter, list[Finding]], linter: Linter) -> None:
    said = [one for one in findings[linter] if one.folder != BAD and not expected(one)]

    assert said == []


def test_nothing_is_listed_in_vain(findings: Mapping[Linter, list[Finding]]) -> None:
    said = {(one.file, one.rule) for every in findings.values() for one in every if one.folder != BAD}

    vain = {(file, rule) for file, rule in EXPECTED if not any(fnmatchcase(f, file) and r == rule for f, r in said)}
    assert vain == set()


@pytest.mark.parametrize(("linter", "file", "rule"), REPORTED)
def test_a_known_bad_file_is_reported(
    findings: Mapping[Linter, list[Finding]], linter: Linter, file: str, rule: str
) -> None:
    assert (file, rule) in {(one.file, one.rule) for one in findings[linter] if one.folder == BAD}
