"""Free text in an answer: refused with a sentence that names the answer, or unchanged in what Compose reads.

Longer, and with other text each time: HYPOTHESIS_PROFILE=soak pytest tests/template/test_values.py
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from scaffold import answers, render
from scaffold.cli import create
from scaffold.errors import WrongInput

from .combinations import PAIRS
from .projects import model

SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"


def free_text() -> tuple[str, ...]:
    """Return the questions that are answered with text of the person's own."""
    document: Mapping[str, Any] = yaml.safe_load((answers.template() / "copier.yml").read_text())
    questions = {name: body for name, body in document.items() if not name.startswith("_")}
    return tuple(
        name
        for name, body in questions.items()
        if body["type"] == "str" and "choices" not in body and body.get("when") is not False
    )


FREE = free_text()
ODD: Mapping[str, tuple[str, ...]] = {
    "data": ("/d ata", "/acme/", "/data-files/ x.db", "./a.b/ c/d.e"),
    "server_options": ("--root-path=/WORKERS", "--factory --ws=none"),
    "app_user": ("1000:1000", "Baker"),
    "entrypoint": ("--", "null 1e3", "./a=b@c +d"),
    "proxy_project": ("front", "a"),
    "public": ("dist", "web/dist.d", "_site"),
    "prestart": ("alembic upgrade heads", "--", "null 1e3", "./seed --at=1:2,3 a+b@c"),
}
"""Valid text that was, or could be, taken for something else."""
VALID = {name: [*(value for value in PAIRS[name] if isinstance(value, str)), *ODD.get(name, ())] for name in FREE}
EVERYTHING_IS_ASKED = {"domain": "api.example.com", "adopt": "true"}
BESIDE: Mapping[str, Mapping[str, str]] = {
    "acme_directory": {"certificates": "custom"},
    "acme_root": {"certificates": "files"},
    "app_user": {"dockerfile": "keep"},
    "dns_provider": {"challenge": "dns"},
    "domain": {"certificates": "files"},
    "entrypoint": {"dockerfile": "keep"},
    "database_scheme": {"postgres": "true"},
    "postgres_version": {"postgres": "true"},
    "proxy_project": {"proxy": "shared"},
    "public": {"kind": "static"},
}
"""Answers without which a question is not asked."""

LIMITS = settings(
    max_examples=1000 if SOAK else 120 // len(FREE),  # the whole file in a minute
    derandomize=not SOAK,
    database=None,
    deadline=None,
)

PIECES = (
    *(" ", "\t", "\n", "\r", "\r\n", "\0", "\x1b", "\x7f", "\x85", "\u2028", "\udcff"),
    *(
        "'",
        '"',
        "`",
        "\\",
        "\\n",
        "$",
        "$$",
        "$HOME",
        "${HOME}",
        "${X:?}",
        "%",
        "%%",
        "!",
        "&",
        "*",
        "?",
        "|",
        ">",
        ";",
    ),
    *("#", " #", ":", ": ", ",", "=", "-", "--", "~", "@", "/", "//", "../", "..", ".", "[", "]", "{", "}", "(", ")"),
    *(
        "WORKERS",
        "{{ 7 * 7 }}",
        "{% raw %}",
        "{# #}",
        "{{",
        "<<",
        "&a",
        "null",
        "yes",
        "0x1f",
        "1e3",
        "é",
        "ß",
        "☃",
        "A" * 300,
    ),
)
"""What means something to one of the places an answer goes to: YAML, .env, Dockerfile, Jinja, Go templates, a shell."""

WORDS = ("null", "true", "1e3")
"""What YAML takes for something else than text, where it stands without quotes."""

HARD = [*((name, word) for name in FREE for word in WORDS), ("server_options", "--root-path=/api:")]

Project = tuple[dict[str, Any], Path]
"""A Compose model, and the folder it was read from."""


def unescaped(text: str) -> str:
    """Return a text of the Compose model as it is meant (FACTS C14)."""
    return text.replace("$$", "$")


def proxy(project: Project, variable: str) -> str:
    return unescaped(project[0]["services"]["traefik"]["environment"][variable])


def host(project: Project) -> str:
    labels: Mapping[str, str] = project[0]["services"]["app"]["labels"]
    (rule,) = (value for name, value in labels.items() if name.endswith("-app.rule"))
    return unescaped(rule).removeprefix("Host(`").removesuffix("`)")


def label(project: Project, name: str) -> str:
    return unescaped(project[0]["services"]["app"]["labels"][name])


def others(project: Project) -> str:
    """Return the further names; without any, the label has the domain."""
    found = label(project, "stack.hosts")
    return "" if found == host(project) else found


def mounted(project: Project, target: str) -> str:
    volumes = project[0]["services"]["traefik"]["volumes"]
    return unescaped(next(one["source"] for one in volumes if one["target"] == target))


def probed(project: Project) -> str:
    """Return the path in Compose's healthcheck, once it is the Dockerfile's too."""
    dockerfile = (project[1] / "Dockerfile").read_text()
    in_image = json.loads(re.findall(r"^ +CMD (\[.*\])$", dockerfile, re.MULTILINE)[0])[-1]
    path = unescaped(project[0]["services"]["app"]["healthcheck"]["test"][-1])
    assert in_image == path
    return path


def python(project: Project) -> str:
    return (project[1] / "Dockerfile").read_text().partition("ARG PYTHON_VERSION=")[2].partition("\n")[0]


def dockerfile(project: Project, pattern: str) -> str:
    """Return what the Dockerfile has where a pattern has its group; empty when it has nothing like it."""
    found = re.search(pattern, (project[1] / "Dockerfile").read_text(), re.MULTILINE)
    return found[1] if found else ""


def command(project: Project) -> list[str]:
    return [unescaped(word) for word in project[0]["services"]["app"]["command"]]


def before(project: Project) -> str:
    """Return what has to succeed before the app starts; empty when nothing has."""
    service = project[0]["services"].get("prestart", {"command": []})
    return unescaped(" ".join(service["command"][4:]))


def kept(project: Project) -> str:
    """Return the paths that outlive the container: where volumes are mounted, and links into one of them."""
    mounts = {one["target"] for one in project[0]["services"]["app"].get("volumes", [])} - {"/var/lib/data-files"}
    links = re.findall(r"ln -sfn \S+ (\S+)", (project[1] / "Dockerfile").read_text())
    return " ".join(sorted({*map(unescaped, mounts), *links}))


WHERE: Mapping[str, Callable[[Project], str]] = {
    "project_name": lambda project: str(project[0]["name"]),
    "domain": host,
    "hosts": others,
    "path_prefix": lambda project: label(project, "stack.prefix"),
    "proxy_project": lambda project: label(project, "stack.proxy"),
    "public": lambda project: dockerfile(project, r"^COPY --chmod=755 (?!nginx)(.*)/ /srv/public/$"),
    "email": lambda project: proxy(project, "STACK_ACME_EMAIL"),
    "acme_directory": lambda project: proxy(project, "STACK_ACME_DIRECTORY"),
    "acme_root": lambda project: mounted(project, "/run/acme-root.pem"),
    "dns_provider": lambda project: proxy(project, "STACK_DNS_PROVIDER"),
    "trusted_proxies": lambda project: proxy(project, "TRAEFIK_ENTRYPOINTS_WEB_FORWARDEDHEADERS_TRUSTEDIPS"),
    "python_version": python,
    "app": lambda project: command(project)[1],
    "app_dir": lambda project: os.path.relpath(dockerfile(project, r"PYTHONPATH=(.*) \\$"), "/srv"),
    "app_user": lambda project: str(project[0]["services"]["app"]["user"]),
    "entrypoint": lambda project: unescaped(" ".join(project[0]["services"]["app"]["entrypoint"][4:])),
    "postgres_version": lambda project: project[0]["services"]["postgres"]["image"].removeprefix("postgres:"),
    "database_scheme": lambda project: project[0]["services"]["app"]["environment"].get(
        "DATABASE_SCHEME", "postgresql"
    ),
    "prestart": before,
    "build_packages": lambda project: dockerfile(project, r"--no-install-recommends (.*) \\$"),
    "system_packages": lambda project: dockerfile(project, r"--no-install-recommends (.*) \\$"),
    "server_options": lambda project: " ".join(command(project)[11:]),
    "data": kept,
    "health_path": probed,
}
"""Where an answer belongs, as Compose reads it there."""


def as_path(text: str, folder: Path) -> str:
    """Return a path as Compose gives it: a relative one made absolute, and nothing mounted for nothing."""
    if not text:
        return "/dev/null"
    return text if Path(text).is_absolute() else os.path.normpath(folder / text)


MEANT: Mapping[str, Callable[[str, Path], str]] = {
    "prestart": lambda text, _: {"alembic": "alembic upgrade head", "none": ""}.get(text, text),
    "acme_root": as_path,
    "data": lambda text, _: " ".join(sorted(os.path.normpath(Path("/srv") / one) for one in text.split())),
}
"""What has to be found there, where it is not the text itself."""


@pytest.fixture(scope="module", autouse=True)
def _quick(package: Path) -> Iterator[None]:
    """Render without a git repository."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(answers, "PACKAGE", package)
        yield


@st.composite
def near_valid(draw: st.DrawFn, name: str) -> str:
    """Draw a valid text with a piece of it replaced, once or twice."""
    text = draw(st.sampled_from(VALID[name]))
    for _ in range(draw(st.integers(1, 2))):
        at, cut = draw(st.integers(0, len(text))), draw(st.integers(0, 2))
        text = text[:at] + draw(st.sampled_from(PIECES)) + text[at + cut :]
    return text


def arrived(name: str, text: str) -> tuple[str, str]:
    """Return what is found where the answer belongs, and what is meant; WrongInput when the answer is refused."""
    told = {**EVERYTHING_IS_ASKED, **BESIDE.get(name, {}), name: text}
    answers = create.given(None, [f"{key}={value}" for key, value in told.items()])
    with (
        tempfile.TemporaryDirectory() as home,
        render.rendered(Path(home) / "shop", answers, ask=False) as folder,
    ):
        meant = MEANT[name](text, folder) if name in MEANT else text
        return WHERE[name]((model(folder), folder)), meant


def test_every_free_text_has_a_place() -> None:
    assert set(WHERE) == set(FREE)
    assert [name for name in FREE if not VALID[name]] == []


@pytest.mark.parametrize(("name", "text"), [(name, text) for name in FREE for text in VALID[name]])
def test_valid_text_arrives(name: str, text: str) -> None:
    found, meant = arrived(name, text)

    assert found == meant


@pytest.mark.parametrize(("name", "text"), HARD)
def test_what_yaml_takes_for_something_else_arrives(name: str, text: str) -> None:
    hold(name, text)


@pytest.mark.parametrize("name", FREE)
@LIMITS
@given(data=st.data())
def test_any_text_is_refused_by_name_or_arrives(name: str, data: st.DataObject) -> None:
    text = data.draw(near_valid(name) | st.text(max_size=50))

    hold(name, text)


def hold(name: str, text: str) -> None:
    try:
        found, meant = arrived(name, text)
    except WrongInput as refusal:
        assert name in refusal.message  # noqa: PT017 - either end is a good one
    else:
        assert found == meant
