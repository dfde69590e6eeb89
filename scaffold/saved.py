"""What was seen and what was wanted, as a file that can be judged again elsewhere; it holds no secret.

What is hidden becomes `…` and a number. Equal things have equal numbers, so that findings stay what they were.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from cattrs import Converter, transform_error
from cattrs.errors import BaseValidationError
from packaging.version import InvalidVersion, Version

from . import __version__, routing, wholefile
from .errors import NotReady, WrongInput
from .facts import Container, Facts, Process, Server
from .project import CERTIFICATES, CHALLENGES, Build, Project, Service

HIDDEN = "…"
PRIVATE = 0o600
SHORTEST = 6
"""Anything shorter would blank out words that are nobody's secret."""
OPEN = re.compile(
    r"(STACK|TRAEFIK|UVICORN)_\w+|PG\w+|POSTGRES_\w+_FILE|FORWARDED_ALLOW_IPS|WEB_CONCURRENCY|LEGO_CA_CERTIFICATES"
)
"""The variables in the files that are shown: those that checks read, and none of a kind that holds secrets."""
NOUN = r"(?:passw(?:or)?d|passphrase|secret|token|hmac|credential|api[-_]?key|access[-_]?key|private[-_]?key)"
TELLING = re.compile(rf"{NOUN}s?(?!.*[-_]file$)|authorization", re.IGNORECASE)
"""What the name of a variable or a label says of its value; that of a file is no secret."""
USERS = re.compile(r"(?:basic|digest)auth\.users$", re.IGNORECASE)
"""The label of Traefik's with the hashes of passwords."""
OPTION = re.compile(rf"--?[\w-]*{NOUN}s?", re.IGNORECASE)
"""A whole word after which a secret follows."""
ASSIGNED = re.compile(
    rf"(?<![\w-])([\w-]*{NOUN}s?\s*=\s*|--[\w-]*{NOUN}s?\s+)('[^']*'|\"[^\"]*\"|[^\s'\"&|;…]+)", re.IGNORECASE
)
"""Inside a longer text: a name and its value."""
ADDRESSED = re.compile(r"(?<=://)([^/?#@\s:]*:)([^/?#@\s]+)(?=@)")
"""In an address, a user and the password."""
VOCABULARY = frozenset(
    (
        *(*CERTIFICATES, *CHALLENGES, "localhost", "uvicorn", "fastapi", "gunicorn", "hypercorn", "python", "nginx"),
        *("created", "running", "restarting", "exited", "paused", "healthy", "unhealthy", "starting"),
        *("always", "unless-stopped", "on-failure", "json-file", "journald", "syslog"),
    )
)
"""Words with a meaning of their own in facts: hidden for a setting that has the same, they would change findings."""
SITE = re.compile(r"(?:https?://)?([^/:@]+|\[[0-9a-fA-F:]+\])(?::\d+)?/?")
BROKEN = (BaseValidationError, TypeError, ValueError, KeyError, AttributeError)
"""What comes of a document of another shape."""


@dataclass(frozen=True)
class Saved:
    """One look at a stack: what was wanted, what was seen, and the ids of the checks that judged it."""

    project: Project
    facts: Facts
    checks: tuple[str, ...]
    stack: str = __version__
    """The version that looked."""


class Veil:
    """Hides values, equal ones behind the same word."""

    def __init__(self, values: Iterable[str]) -> None:
        longest_first = sorted(values, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")
        self._words: dict[str, str] = {}

    def over(self, value: str) -> str:
        """Return what stands for a value; an empty one hides nothing."""
        return self._words.setdefault(value, f"{HIDDEN}{len(self._words) + 1}") if value else ""

    def inside(self, text: str) -> str:
        """Return a text without the secrets in it: known ones, and what looks like one."""
        text = self._secrets.sub(lambda found: self.over(found[0]), text)
        text = ADDRESSED.sub(lambda found: found[1] + self.over(found[2]), text)
        return ASSIGNED.sub(lambda found: found[1] + self.over(found[2]), text)

    def words(self, words: tuple[str, ...]) -> tuple[str, ...]:
        """Return a command without the word after an option that announces a secret."""
        return tuple(
            self.over(word) if OPTION.fullmatch(last) and not word.startswith("-") else word
            for last, word in zip(("", *words), words, strict=False)
        )

    def named(self, values: Mapping[str, str], hides: Callable[[str], bool]) -> dict[str, str]:
        """Return values by name, those hidden whose name is of a certain kind."""
        return {name: self.over(value) if hides(name) else value for name, value in values.items()}


def discreet(seen: Saved, secrets: Iterable[str]) -> Saved:
    """Return the same without anything secret: what names tell, and these values wherever they stand."""
    public = _public(seen.project)
    telling = (value for values in _pairs(seen) for name, value in values.items() if _tells(name))
    veil = Veil(one for one in (*secrets, *telling) if len(one) >= SHORTEST and not _known(one, public))
    project, facts = _project(seen.project, veil), _facts(seen.facts, veil)
    return replace(seen, project=_each(project, veil.inside), facts=_each(facts, veil.inside))


def dump(seen: Saved) -> str:
    """Return the text of the file."""
    document = {"stack": seen.stack, **_converter().unstructure(seen)}
    text = json.dumps(document, indent=1, ensure_ascii=False)
    # Half a surrogate pair, as in names of files that are no UTF-8, is written as JSON's own escape.
    return text.encode(errors="backslashreplace").decode() + "\n"


def load(text: str, name: str) -> Saved:
    """Return what a file holds; WrongInput when it is no such file, or from a newer version."""
    try:
        document = json.loads(text)
        version = Version(document["stack"])
    except (KeyError, TypeError, InvalidVersion) as error:
        raise _no_file_of_ours(name, ("it does not say which version saved it",)) from error
    except (ValueError, RecursionError) as error:
        raise _no_file_of_ours(name, (f"it is no JSON: {error}",)) from error
    if version > Version(__version__):
        raise WrongInput(
            f"{name} was saved by stack {version}, and this is {__version__}",
            hint="use the version that saved it, or a newer one",
        )
    try:
        return _converter().structure(document, Saved)
    except BROKEN as error:
        raise _no_file_of_ours(name, tuple(transform_error(error, path="$")[:5])) from error


def read(path: Path) -> Saved:
    """Return what a file holds; WrongInput when it cannot be read, or is none of ours."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise WrongInput(
            f"{path} cannot be read: {error.strerror or error}", hint="`stack check --facts FILE` makes one"
        ) from error
    except UnicodeDecodeError as error:
        raise _no_file_of_ours(str(path), (str(error),)) from error
    return load(text, str(path))


def write(path: Path, text: str) -> None:
    """Write a file that its owner alone may read, in one move, whatever was there before; NotReady if it cannot be."""
    try:
        wholefile.write(path, text.encode(), PRIVATE)
    except OSError as error:
        raise NotReady(
            f"{path} cannot be written: {error.strerror or error}", hint="name a file in a folder of your own"
        ) from error


def _no_file_of_ours(name: str, evidence: tuple[str, ...]) -> WrongInput:
    return WrongInput(
        f"{name} is no file that `stack check --facts` has saved",
        evidence=evidence,
        hint="`stack check --facts FILE` makes one",
    )


@cache
def _converter() -> Converter:
    """Return what turns values into JSON's and back; what is as it is by default goes without saying."""
    converter = Converter(omit_if_default=True, unstruct_collection_overrides={frozenset: sorted})
    converter.register_unstructure_hook(datetime, datetime.isoformat)
    converter.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))
    converter.register_unstructure_hook(timedelta, timedelta.total_seconds)
    converter.register_structure_hook(timedelta, lambda seconds, _: timedelta(seconds=seconds))
    converter.register_unstructure_hook(Path, str)
    converter.register_structure_hook(Path, lambda text, _: Path(text))
    return converter


# ------------------------------------------------------------------ what is secret


def _pairs(seen: Saved) -> Iterator[Mapping[str, str]]:
    """Yield whatever gives values names, among which are those of secrets."""
    yield seen.facts.settings
    for service in _services(seen.project):
        yield service.environment
        yield service.labels
        yield service.build.args if service.build else {}


def _services(project: Project) -> tuple[Service, ...]:
    return (*project.services, *(project.front.services if project.front else ()))


def _public(project: Project) -> str:
    """Return the names that everybody may know, a line each."""
    services = _services(project)
    hosts = (host for one in services for host in (*routing.canonical(one.labels), *routing.others(one.labels)))
    stacks = (project.name, project.front.name if project.front else "")
    return "\n".join((*stacks, *hosts, *(one.name for one in services)))


def _known(value: str, public: str) -> bool:
    """Tell whether a value that lies among secrets is none: a public name, an address, a word that means something."""
    site = SITE.fullmatch(value)
    place = (site[1] if site else value).lower()
    return place in public or place in VOCABULARY or _is_network(place)


def _is_network(text: str) -> bool:
    try:
        ip_network(text.strip("[]"), strict=False)
    except ValueError:
        return False
    return not text.isdigit()


# ------------------------------------------------------------------ hiding it


def _project(project: Project, veil: Veil) -> Project:
    services = tuple(_service(one, veil) for one in project.services)
    return replace(project, services=services, front=_project(project.front, veil) if project.front else None)


def _service(one: Service, veil: Veil) -> Service:
    """Return a service that shows only what checks read; its hash could be tried with guessed values."""
    return replace(
        one,
        hash=veil.over(one.hash),
        build=_build(one.build, veil) if one.build else None,
        entrypoint=veil.words(one.entrypoint),
        command=veil.words(one.command),
        environment=veil.named(one.environment, lambda name: not OPEN.fullmatch(name) or _tells(name)),
        labels=veil.named(one.labels, _tells),
    )


def _build(build: Build, veil: Veil) -> Build:
    return replace(build, args=veil.named(build.args, lambda _: True))


def _facts(facts: Facts, veil: Veil) -> Facts:
    return replace(
        facts,
        settings=veil.named(facts.settings, lambda name: not name.startswith("STACK_")),
        containers=tuple(_container(one, veil) for one in facts.containers),
        orphans=tuple(_container(one, veil) for one in facts.orphans),
        servers=tuple(_server(one, veil) for one in facts.servers),
    )


def _container(one: Container, veil: Veil) -> Container:
    made = replace(
        one.made,
        entrypoint=veil.words(one.made.entrypoint),
        command=veil.words(one.made.command),
        labels=veil.named(one.made.labels, _tells),
    )
    return replace(one, config_hash=veil.over(one.config_hash), made=made)


def _server(one: Server, veil: Veil) -> Server:
    return replace(one, processes=tuple(_process(each, veil) for each in one.processes))


def _process(one: Process, veil: Veil) -> Process:
    return replace(one, argv=veil.words(one.argv))


def _tells(name: str) -> bool:
    """Tell whether a name is a secret's; of a label, the end counts, because what is before is any name of a router."""
    return bool(TELLING.search(name.rpartition(".")[2]) or USERS.search(name))


def _each(value: Any, change: Callable[[str], str]) -> Any:  # noqa: ANN401 - a value of any kind, and one of that kind
    """Return a value in which every text is changed, those of paths and names among them."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Path):
        return Path(change(str(value)))
    if isinstance(value, Mapping):
        return {_each(key, change): _each(one, change) for key, one in value.items()}
    if isinstance(value, tuple | frozenset):
        return type(value)(_each(one, change) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{one.name: _each(getattr(value, one.name), change) for one in fields(value)})
    return value
