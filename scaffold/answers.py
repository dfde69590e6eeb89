"""What the person chose, before Copier has judged it."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from .errors import WrongInput

PACKAGE = Path(__file__).parent
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""In C where PyYAML has it: copier.yml in 7 ms instead of 50."""
NOTE = ".copier-answers.yml"
"""Copier's note in a project: the answers, and the template and version that made it."""
YAML_ERRORS = (yaml.YAMLError, ValueError, AttributeError, TypeError, RecursionError)
"""What PyYAML raises: beside its own errors those of the values it builds, a 45th of a month, a bad !!int."""
ORIGIN = re.compile(r"^(?:_commit|_src_path):.*\n(?: .*\n)*", re.MULTILINE)


@dataclass(frozen=True)
class Origin:
    """Where a project comes from, as its note says; empty what it does not say."""

    source: str
    version: str


APP, STATIC, PROXY = "app", "static", "proxy"
"""What a project is: the answer to `kind`."""
OWN_PROXY = "own"
"""The proxy of a project whose note does not know the question yet."""
IN_ENV: Mapping[str, str] = {
    "domain": "STACK_DOMAIN",
    "hosts": "STACK_HOSTS",
    "path_prefix": "STACK_PATH_PREFIX",
    "proxy_project": "STACK_PROXY",
    "certificates": "STACK_CERTIFICATES",
    "challenge": "STACK_CHALLENGE",
    "dns_provider": "STACK_DNS_PROVIDER",
    "trusted_proxies": "STACK_TRUSTED_PROXIES",
    "email": "STACK_ACME_EMAIL",
    "acme_directory": "STACK_ACME_DIRECTORY",
    "acme_root": "STACK_ACME_ROOT",
    "replicas": "STACK_REPLICAS",
    "upload_limit": "STACK_UPLOAD_MB",
    "workers": "STACK_WORKERS",
    "memory": "STACK_APP_MEMORY",
    "health_path": "STACK_HEALTH_PATH",
    "postgres_version": "STACK_POSTGRES_VERSION",
}
"""Answers that are in .env from the first day on: an update changes them nowhere."""
EXTERNAL = "external"
FRONT = frozenset({"certificates", "trusted_proxies"})
"""Answers that are more than a line in .env when something in front speaks HTTPS, or did so far."""
OWN = FRONT | {"acme_directory", "acme_root", "challenge", "dns_provider", "email", "proxy_project", "upload_limit"}
"""Answers whose lines .env does not have yet when the proxy becomes another one."""
BOOLEANS = frozenset({"true", "yes", "y", "on", "1", "false", "no", "n", "off", "0"})
"""Whatever else is said, Copier takes it for a yes."""
VARIABLE = "STACK_NEW_"
"""How the names of variables begin that hold answers."""
AT_BIRTH = frozenset({"adopt", "dockerfile", "kind", "project_name"})
"""Answers that decide whose files there are, or what containers and volumes are called."""


def from_pairs(pairs: Iterable[str]) -> dict[str, Any]:
    """Return the answers given as NAME=VALUE; WrongInput for anything else."""
    answers: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise WrongInput(f"--data {pair!r} is not of the form NAME=VALUE", hint="for example: --data workers=4")
        answers[name] = value
    return answers


def from_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the answers given as variables, STACK_NEW_DOMAIN for domain."""
    names = (name for name in environment if name.startswith(VARIABLE))
    return {name.removeprefix(VARIABLE).lower(): environment[name] for name in sorted(names)}


def from_file(path: Path) -> dict[str, Any]:
    """Return the answers in a YAML file of NAME: VALUE lines; WrongInput when it is anything else."""
    # Copier's own notes begin with an underscore, so that a project's answers file can be given as it is.
    return {name: value for name, value in _document(path).items() if not name.startswith("_")}


def origin(note: Path) -> Origin:
    """Return where a project comes from; WrongInput when the file cannot be read."""
    document = _document(note)
    return Origin(*(str(document.get(name) or "") for name in ("_src_path", "_commit")))


def recorded(note: str, found: Origin) -> str:
    """Return the text of a note with another origin; everything else stays as it is, below the comment."""
    rest = ORIGIN.sub("", note)
    comment = re.match(r"(?:#.*\n)*", rest)
    begin = comment.end() if comment else 0
    return f"{rest[:begin]}_commit: {_quoted(found.version)}\n_src_path: {_quoted(found.source)}\n{rest[begin:]}"


def replaced(before: Mapping[str, Any], after: Mapping[str, Any], given: Iterable[str]) -> dict[str, tuple[Any, Any]]:
    """Return the answers, before and after, that changed although nobody gave another one."""
    same = set(given) | {name for name, value in before.items() if after.get(name, value) == value}
    return {name: (value, after[name]) for name, value in before.items() if name not in same}


def _document(path: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WrongInput(f"the answers file {path} cannot be read: {error.strerror}") from error
    except YAML_ERRORS as error:
        where = " ".join(str(error).split())
        raise WrongInput(f"the answers file {path} is not YAML: {where}", hint="one NAME: VALUE a line") from error
    if not isinstance(document, dict) or not all(isinstance(name, str) for name in document):
        raise WrongInput(f"the answers file {path} is not a list of NAME: VALUE lines")
    return document


def _quoted(value: str) -> str:
    """Return a string as one YAML scalar on one line: quoted only where it would be read as something else."""
    return str(yaml.safe_dump(value, width=float("inf"), allow_unicode=True)).removesuffix("...\n").rstrip("\n")


def template() -> Path:
    """Return the folder that holds copier.yml: inside the package when it was built, else the checkout's own."""
    bundle = PACKAGE / "bundle"
    return bundle if bundle.is_dir() else PACKAGE.parent


def parsed(copier_yml: str) -> dict[str, Any]:
    """Return what a copier.yml says."""
    document: dict[str, Any] = yaml.load(copier_yml, LOADER)  # noqa: S506 - a safe loader, either way
    return document


def questions(copier_yml: str) -> dict[str, str]:
    """Return the type of every question that may be answered, in the order of copier.yml."""
    return kinds(parsed(copier_yml))


def kinds(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the type of every question that may be answered, in the order of the parsed copier.yml."""
    return {
        name: question.get("type", "yaml")
        for name, question in document.items()
        if not name.startswith("_") and isinstance(question, dict) and question.get("when") is not False
    }


def moves(given: Mapping[str, Any], answered: Mapping[str, Any]) -> bool:
    """Tell whether an update gives the project another proxy."""
    before = answered.get("proxy", OWN_PROXY)
    return bool(given.get("proxy", before) != before)


def refuse_settled(given: Mapping[str, Any], answered: Mapping[str, Any]) -> None:
    """Raise WrongInput that names the first answer which an update does not change, and where it can be changed."""
    free = FRONT if EXTERNAL in {given.get("certificates"), answered.get("certificates")} else frozenset()
    free |= OWN if moves(given, answered) else frozenset()
    for name in given:
        if name in IN_ENV and name not in free:
            raise WrongInput(
                f"{name} is in .env, which an update does not touch", hint=f"edit {IN_ENV[name]} there, then: stack up"
            )
        if name in AT_BIRTH:
            raise WrongInput(
                f"{name} was decided when the project was made", hint="make a new project beside it, and move over"
            )


def _questions_like(name: str, asked: Iterable[str]) -> str:
    known = list(asked)
    meant = get_close_matches(name, known, 1)
    return f"did you mean {meant[0]}?" if meant else f"the questions are: {', '.join(known)}"


def refuse_unfit(given: Mapping[str, Any], asked: Mapping[str, str], variables: Collection[str] = ()) -> None:
    """Raise WrongInput that names the first answer nobody asked for, or that is no number where one is wanted.

    Of those that were given as variables it names the variable.
    """
    for name, value in given.items():
        where = f" ({VARIABLE}{name.upper()})" if name in variables else ""
        if name not in asked:
            raise WrongInput(f"there is no question named {name!r}{where}", hint=_questions_like(name, asked))
        if asked[name] == "bool" and str(value).strip().lower() not in BOOLEANS:
            raise WrongInput(
                f"{name}{where} must be true or false, not {str(value)!r}", hint=f"for example: --data {name}=true"
            )
        if asked[name] == "int" and not re.fullmatch(r"[+-]?\d+", str(value).strip()):
            raise WrongInput(
                f"{name}{where} must be a whole number, not {str(value)!r}", hint=f"for example: --data {name}=2"
            )
