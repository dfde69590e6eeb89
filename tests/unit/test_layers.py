"""The rule of the house about imports, held by reading the sources: who may know whom, and who may touch the world."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

import scaffold

PACKAGE = "scaffold"
ROOT = Path(scaffold.__file__).parent

LAYERS: Mapping[str, float] = {
    "": 0,  # scaffold/__init__.py: the version, and where it is published
    "errors": 0,
    "durations": 0,
    "answers": 1,
    "elsewhere": 1,
    "dotenv": 1,
    "project": 1,
    "model": 1,
    "routing": 1,
    "storage": 1,
    "record": 1,
    "facts": 1,
    "server": 1,
    "source": 1,
    "orders": 1,
    "routers": 1,
    "symptoms": 1,
    "loglines": 1,
    "telltales": 1,
    "places": 1,
    "cargo": 1,
    "form": 1,
    "outline": 2,
    "refusals": 1,
    "overlap": 1.5,
    "adopt": 2,
    "plan": 2,
    "awaited": 2,
    "rehearsal": 2,
    "inside": 2,
    "checks": 2,
    "standing": 2,
    "explained": 2,
    "report": 2.5,
    "wholefile": 2.9,  # what several of the next layer share
    "premises": 2.9,
    "screens": 2.5,
    "wizard": 3,
    "detect": 3,
    "render": 3,
    "placing": 3,
    "repository": 3,
    "engine": 3,
    "history": 3,
    "probe": 3,
    "authority": 3,
    "ownfiles": 3,
    "saved": 3,
    "shipping": 3,
    "secretfiles": 3,
    "remote": 2.8,  # paths on a server, which the next layers read and write
    "cli": 4,
    "__main__": 5,  # starts cli, and nothing else
}
NEIGHBOURS = {
    ("elsewhere", "project"),
    ("elsewhere", "routing"),
    ("facts", "project"),
    ("facts", "record"),
    ("facts", "routing"),
    ("loglines", "project"),
    ("model", "project"),
    ("places", "answers"),
    ("project", "routing"),
    ("storage", "facts"),
    ("storage", "project"),
}
"""Facts are expressed in the project's terms, and these in those of the labels; a model is read into a project.

What a certificate covers is told in one place, and so is what a reader of YAML may raise.
"""

OWNERS: Mapping[str, set[str]] = {
    "docker": {"engine"},
    "subprocess": {"engine", "remote", "repository"},
    "socket": {"probe"},
    "ssl": {"probe"},
    "urllib3": {"probe"},
    "http": {"probe"},
    "cryptography": {"probe", "authority", "ownfiles"},
    "dns": {"probe"},
    "questionary": {"wizard"},
    "prompt_toolkit": {"wizard"},
    "copier": {"render"},
    "cattrs": {"saved"},
    "psutil": {"detect"},
    "dockerfile_parse": {"detect"},
}
ENGINE = {"docker", "requests", "urllib3", "yaml"}
RENDERING = {"copier", "jinja2", "packaging", "plumbum", "prompt_toolkit", "pydantic", "questionary", "yaml"}
LATE = ENGINE | RENDERING | {"cattrs", "cryptography", "dns", "dockerfile_parse", "psutil", "rich"}
"""What costs too much to be imported before a command needs it."""
NEEDED: Mapping[str, set[str]] = {
    "--help": set(),
    "--version": set(),
    "new --help": set(),
    "up --help": set(),
    "secret rotate --help": set(),
    "completion bash": set(),
    "nonsense": set(),
    "check --list": set(),
    "history": set(),
    "secret list": {"yaml"},
    "host nobody@@nowhere": {"yaml"},
    "new": RENDERING,
    "new shop --defaults": RENDERING,
    "update": RENDERING | ENGINE | {"cryptography"},
    "up": ENGINE | {"cryptography"},
    "down": ENGINE | {"cryptography"},
    "rollback --list": ENGINE | {"cryptography"},
    "exec": ENGINE | {"cryptography"},
    "dev": ENGINE | {"cryptography"},
    "status": ENGINE,
    "logs": ENGINE,
}
"""What a command may import of that, in an empty folder."""
OFFERED: Mapping[str, set[str]] = {
    "stack": set(),
    "stack up": set(),
    "stack logs": set(),
    "stack check --only": set(),
    "stack up --on": {"yaml"},
    "stack new --data": {"yaml"},
}
"""And what TAB may, behind these words."""
LOADED = """\
import contextlib, json, sys
from scaffold.cli import run
with contextlib.suppress(SystemExit):
    run(sys.argv[1:])
print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def sources() -> dict[str, str]:
    """Return the text of every module by its dotted name: `scaffold.checks.web`; a package by its own."""
    return {
        ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__"): path.read_text(
            encoding="utf-8"
        )
        for path in ROOT.rglob("*.py")
        if "bundle" not in path.relative_to(ROOT).parts
    }


@cache
def tree(source: str) -> ast.Module:
    return ast.parse(source)


def is_package(module: str, modules: Mapping[str, str]) -> bool:
    return any(other.startswith(f"{module}.") for other in modules)


def unit(module: str) -> str:
    """Return the module or package of the layer table that a dotted name belongs to."""
    return module.removeprefix(PACKAGE).lstrip(".").partition(".")[0]


def imported(module: str, modules: Mapping[str, str]) -> Iterator[str]:
    """Yield the full dotted name of all that a module imports, wherever in it the import stands."""
    parts = module.split(".") if is_package(module, modules) else module.split(".")[:-1]
    for node in ast.walk(tree(modules[module])):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join([*parts[: len(parts) + 1 - node.level], *([node.module] if node.module else [])])
            origin = base if node.level else str(node.module)
            for alias in node.names:
                # `from . import plan` names a module, `from . import __version__` something inside one.
                whole = f"{origin}.{alias.name}"
                yield whole if whole in modules else origin


def may_import(importer: str, target: str) -> bool:
    return importer == target or (importer, target) in NEIGHBOURS or LAYERS[importer] > LAYERS[target]


def broken_rules(modules: Mapping[str, str]) -> list[str]:
    """Return a line for each import that the layers forbid, and for each module that has no layer."""
    unknown = sorted({f"{unit(module)} has no layer" for module in modules if unit(module) not in LAYERS})
    if unknown:
        return unknown
    wrong = []
    for module in sorted(modules):
        for name in imported(module, modules):
            own, top = unit(module), name.partition(".")[0]
            if top == PACKAGE and not may_import(own, unit(name)):
                wrong.append(f"{module} imports {name}, which is not in a lower layer")
            if top in OWNERS and own not in OWNERS[top]:
                wrong.append(f"{module} imports {name}, which is for {', '.join(sorted(OWNERS[top]))}")
    return wrong


def voices(modules: Mapping[str, str]) -> list[str]:
    """Return a line for each place outside `cli` that prints, or ends the process."""
    found = []
    for module in sorted(modules):
        for node in ast.walk(tree(modules[module])):
            word = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if unit(module) != "cli" and word in {"print", "exit", "quit", "sys.exit", "os._exit", "SystemExit"}:
                found.append(f"{module} calls {word}")
    return found


def test_every_module_keeps_to_its_layer() -> None:
    assert broken_rules(sources()) == []


def test_only_the_commands_print_and_exit() -> None:
    assert voices(sources()) == []


@pytest.mark.parametrize(
    ("module", "text", "expected"),
    [
        ("plan", "import docker", "scaffold.plan imports docker, which is for engine"),
        ("plan", "from docker.errors import NotFound", "scaffold.plan imports docker.errors, which is for engine"),
        ("cli.stack", "import subprocess", "scaffold.cli.stack imports subprocess, which is for engine"),
        ("engine", "from http import HTTPStatus", "scaffold.engine imports http, which is for probe"),
        ("plan", "from . import checks", "scaffold.plan imports scaffold.checks, which is not in a lower layer"),
        ("checks.web", "from ..plan import up", "scaffold.checks.web imports scaffold.plan, which is not in a lower"),
        ("checks.web", "from .. import report", "scaffold.checks.web imports scaffold.report, which is not in a"),
        ("project", "from .facts import Facts", "scaffold.project imports scaffold.facts, which is not in a lower"),
        ("probe", "import scaffold.engine", "scaffold.probe imports scaffold.engine, which is not in a lower layer"),
        ("facts", "def f():\n    from .cli import run", "scaffold.facts imports scaffold.cli, which is not in a"),
        ("novelty", "", "novelty has no layer"),
    ],
    ids=[
        "library of another",
        "part of a library of another",
        "library, from inside a package",
        "standard library of another",
        "neighbour",
        "neighbour, from inside a package",
        "higher layer",
        "neighbour, against the exception",
        "absolute name",
        "inside a function",
        "module nobody placed",
    ],
)
def test_a_forbidden_import_is_reported(module: str, text: str, expected: str) -> None:
    made_up = {f"{PACKAGE}.{name}": "" for name in LAYERS if name} | {
        PACKAGE: "",
        f"{PACKAGE}.checks.web": "",
        f"{PACKAGE}.cli.stack": "",
        f"{PACKAGE}.{module}": text,
    }
    assert [line[: len(expected)] for line in broken_rules(made_up)] == [expected]


def test_a_voice_outside_the_commands_is_reported() -> None:
    assert voices({f"{PACKAGE}.plan": "import sys\ndef up():\n    print('hello')\n    sys.exit(1)"}) == [
        "scaffold.plan calls print",
        "scaffold.plan calls sys.exit",
    ]


def test_the_layers_name_no_module_that_is_gone() -> None:
    assert set(LAYERS) <= {unit(module) for module in sources()}


def loaded(folder: Path, *words: str, **environment: str) -> set[str]:
    """Return the packages that a process has imported when a command of `stack` is done, in a folder."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT.parent), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.partition(".")[0] for name in json.loads(done.stderr.splitlines()[-1])}


@pytest.mark.parametrize("words", NEEDED)
def test_a_command_imports_nothing_costly_that_it_does_not_need(tmp_path: Path, words: str) -> None:
    found = loaded(tmp_path, *words.split())
    assert "scaffold" in found
    assert found & LATE <= NEEDED[words]


@pytest.mark.parametrize("words", OFFERED)
def test_what_is_offered_to_a_shell_imports_nothing_costly(tmp_path: Path, words: str) -> None:
    typed = [*words.split(), ""]
    asked = {"_STACK_COMPLETE": "bash_complete", "COMP_WORDS": " ".join(typed), "COMP_CWORD": str(len(typed) - 1)}
    assert loaded(tmp_path, **asked) & LATE <= OFFERED[words]
