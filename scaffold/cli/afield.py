"""`--on`: a project's folder on a server, for as long as a command takes; and what `up` sends there first."""

import shlex
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from .. import cargo, dotenv, places, repository, shipping, wholefile
from ..cargo import Cargo, Sent, Shipment
from ..errors import ExitCode, NotReady, StackError, WrongInput
from ..project import COMPOSE_FILES
from ..remote import Server, there
from ..remote.line import opened
from ..remote.there import There
from . import terminal
from .alone import alone, who

ENV = ".env"
SHOWN = 8
"""Files that are named of those that are sent."""
PRIVATE = 0o600
OURS = ("STACK_", "COMPOSE_")
"""How the names of the stack's own settings begin."""
PROJECT = "COMPOSE_PROJECT_NAME"
DOMAIN, CERTIFICATES, EMAIL = "STACK_DOMAIN", "STACK_CERTIFICATES", "STACK_ACME_EMAIL"


@contextmanager
def at(directory: Path, on: str | None, *, as_json: bool = False) -> Iterator[Path]:
    """Give the folder that a command is about: this one, or the project's on a server while the connection holds."""
    if on is None:
        yield directory
        return
    place = places.find(directory, on)
    server = Server(place.address, ask=terminal.interactive() and not as_json)
    # Nothing is drawn where `ssh` may ask something.
    with opened(server) as line:
        here = [] if directory == Path() else [str(directory)]
        own = place.folder or f"~/{place.settings.get(PROJECT) or _name(directory)}"
        folder = there.place(line, own, (*here, "--on", on))
        try:
            yield folder
        except Exception as error:
            if line.holds:
                raise
            # Whatever it was then, it comes of that.
            raise _broken(folder, error) from error


def _broken(folder: There, error: Exception) -> NotReady:
    said = error.message if isinstance(error, StackError) else str(error)
    return NotReady(
        f"the connection to {folder.line.address} broke, and what was under way there has ended with it",
        evidence=(said,),
        hint=f"once more; {places.command('up', folder)} mends what is half there",
    )


def _name(directory: Path) -> str:
    """Return the project's name, which is its folder's on a server; WrongInput without one."""
    for name in COMPOSE_FILES:
        try:
            said = yaml.safe_load((directory / name).read_text(encoding="utf-8"))
        except (OSError, ValueError, yaml.YAMLError):
            continue
        if isinstance(said, Mapping) and isinstance(said.get("name"), str):
            return str(said["name"])
    raise WrongInput(
        f"no compose.yaml in {directory} tells the project's name, and so not its folder there",
        hint="with the folder: --on USER@HOST:/srv/shop",
    )


# ------------------------------------------------------------------ what `up` sends


@dataclass(frozen=True)
class Asked:
    """What somebody wants there."""

    source: Path
    on: str | None
    settings: Mapping[str, str] = field(default_factory=dict)
    dry_run: bool = False
    yes: bool = False
    as_json: bool = False


@dataclass(frozen=True)
class Delivery:
    """What has to be done before there can be an `up`."""

    own: Cargo
    sent: Sent | None
    shipment: Shipment
    env: str | None
    """The text of .env there, as it is to be; None where it stays."""
    lines: tuple[str, ...]
    """All of it in sentences."""


def settings(on: str | None, pairs: tuple[str, ...], *, here: bool) -> dict[str, str]:
    """Return what is to be set there; WrongInput for that without a place, and for building here what runs here."""
    if pairs and on is None:
        raise WrongInput("--set goes with --on: it changes the .env of a server", hint="edit .env here")
    if here and on is None:
        raise WrongInput("--build here goes with --on: without it, everything is here", hint="stack up")
    return places.settings(pairs)


@contextmanager
def workshop(asked: Asked, builder: str) -> Iterator[Path | None]:
    """Give a folder with a copy of what is sent, to build from, where that is to be done here; else None."""
    if builder != "here":
        yield None
        return
    own = _load(asked.source.resolve())
    with tempfile.TemporaryDirectory(prefix="stack-build-", ignore_cleanup_errors=True) as folder:
        shipping.copy(asked.source.resolve(), own, Path(folder))
        yield Path(folder)


def deliver(folder: Path, asked: Asked) -> ExitCode | None:
    """Make a server's files those of here, and its .env what is asked for; an exit code where that is the end of it.

    Of a folder here there is nothing to do.
    """
    if not isinstance(folder, There):
        return None
    return _delivered(folder, asked)


def _delivered(folder: There, asked: Asked) -> ExitCode | None:
    from ..engine import Engine

    Engine.connect(folder).close()  # without Docker there, nothing is to be changed
    own = _load(asked.source.resolve())
    if not asked.dry_run:
        _make(folder)
    with nullcontext() if asked.dry_run else alone(folder):
        delivery = _compare(folder, own, asked)
        if asked.dry_run:
            return _foretold(folder, delivery, asked)
        if delivery.shipment.edited and not asked.yes:
            _agree(folder, delivery.shipment.edited, as_json=asked.as_json)
        for line in delivery.lines:
            terminal.note(f"  {line}")
        _carry_out(folder, delivery, asked)
    return None


def _make(folder: There) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WrongInput(
            f"{folder} on {folder.line.address} cannot be made: {error.strerror}",
            hint="another folder: --on USER@HOST:/FOLDER, or one that belongs to this user",
        ) from error


def _load(source: Path) -> Cargo:
    """Return what goes to a server: what git has, else what the ignore files leave."""
    if not source.is_dir():
        raise WrongInput(f"{source} is not a folder", hint=f"stack new {shlex.quote(str(source))}")
    names = repository.files(source)
    if names is None:
        from .. import engine

        names = engine.wanted(source, repository.untracked(source))
    elif left := [name for name in repository.untracked(source) if cargo.travels(name)]:
        terminal.note(f"Not in git, and so not sent: {_listed(left)}")
    if not any(name in names for name in COMPOSE_FILES):
        raise WrongInput(
            f"git has no compose.yaml of {source}, so there is nothing to bring up", hint="git add --all && git commit"
        )
    return shipping.load(source, names, repository.version(source, source))


def _compare(folder: There, own: Cargo, asked: Asked) -> Delivery:
    sent = shipping.read(folder)
    known = {*own.files, *((*sent.cargo.files, *sent.under_way) if sent else ())}
    shipment = cargo.compare(own, sent, shipping.look(folder, known) if folder.exists() else {})
    shipping.refuse_strange(folder, sent, shipment)
    env, told = _env(folder, asked)
    return Delivery(own, sent, shipment, env, (*_told(shipment), *told))


def _told(shipment: Shipment) -> Iterator[str]:
    if shipment.send:
        yield f"send {_counted(shipment.send)}: {_listed(shipment.send)}"
    if shipment.remove:
        yield f"remove {_counted(shipment.remove)} there: {_listed(shipment.remove)}"


def _env(folder: There, asked: Asked) -> tuple[str | None, list[str]]:
    """Return the text of .env there as it is to be, None where it stays, and what changes in it."""
    place = places.find(asked.source, asked.on or "")
    try:
        before: str | None = (folder / ENV).read_text()
    except FileNotFoundError:
        before = None
    text = before if before is not None else _born(asked.source)
    wanted, told = dict(asked.settings), []
    if before is None:
        wanted = _asked_about(text, {**place.settings, **wanted}, asked)
        if name := wanted.get(PROJECT):
            # The one in the files belongs to the project of the files' own name, which may be on this server, too.
            wanted.setdefault("STACK_IPV6_SUBNET", places.subnet(name))
        told.append(f"make {ENV} there, which is the server's own from now on")
    known = dotenv.settings(text)
    if before is not None and place.settings.get(PROJECT, known.get(PROJECT)) != known.get(PROJECT):
        raise WrongInput(
            f"{folder} on {folder.line.address} is the place of {known.get(PROJECT) or 'the project itself'}, and"
            f" {asked.on} is that of {place.settings[PROJECT]}; nothing was changed",
            hint=f"another folder for {asked.on} in {places.FILE}",
        )
    for name, value in wanted.items():
        if known.get(name) != value:
            text = dotenv.with_value(text, name, value)
            told.append(f"set {name}={value} in {ENV} there (it is {known.get(name) or 'empty'})")
    return (text if told else None), told


def _born(source: Path) -> str:
    """Return the text of the first .env there: the one here, or as far as it is the stack's, or from the answers."""
    try:
        own = (source / ENV).read_text(encoding="utf-8")
    except FileNotFoundError:
        own = ""
    answers = _answers(source)
    if own and not answers.get("adopt"):
        return own
    text = _rendered(source, answers)
    # The rest of an adopted app's .env is for its developer.
    settings = dotenv.settings(own)
    for name, value in settings.items():
        if name.startswith(OURS):
            text = dotenv.with_value(text, name, value)
    if others := [name for name in settings if not name.startswith(OURS)]:
        terminal.note(f"Of {ENV} here stay, as they are not the stack's: {_listed(others)}")
    return text


def _answers(source: Path) -> dict[str, Any]:
    try:
        said = yaml.safe_load((source / ".copier-answers.yml").read_text(encoding="utf-8"))
        return {name: value for name, value in said.items() if not name.startswith("_")}
    except (OSError, ValueError, yaml.YAMLError, AttributeError):
        return {}


def _rendered(source: Path, answers: Mapping[str, Any]) -> str:
    """Return the .env that a project is born with."""
    from .. import render

    if not answers:
        raise WrongInput(
            f"there is no {ENV} in {source}, and no answers that one could be made of", hint=f"make {source / ENV}"
        )
    with tempfile.TemporaryDirectory() as empty:
        destination = Path(empty, str(answers.get("project_name", "stack")))
        with render.rendered(destination, answers, ask=False, of=render.carried()) as made:
            return (made / ENV).read_text(encoding="utf-8")


def _asked_about(text: str, given: dict[str, str], asked: Asked) -> dict[str, str]:
    """Return settings for a new .env, with those that only a person can know asked for where one is there."""
    if asked.as_json or asked.dry_run or asked.yes or DOMAIN in given or not terminal.interactive():
        return given
    from .. import wizard

    known = {**dotenv.settings(text), **given}
    domain = wizard.typed("The domain that the site has on this server:", known.get(DOMAIN, ""))
    answers = {DOMAIN: domain}
    if domain != "localhost" and known.get(CERTIFICATES) == "local":
        answers[CERTIFICATES] = wizard.choose("Where do its certificates come from?", ["acme", "staging", "local"])
    if answers.get(CERTIFICATES, known.get(CERTIFICATES)) in {"acme", "staging"}:
        answers[EMAIL] = wizard.typed("The e-mail address of its account with Let's Encrypt:", known.get(EMAIL, ""))
    return {**given, **answers}


def _foretold(folder: There, delivery: Delivery, asked: Asked) -> ExitCode | None:
    """Show what would be sent, where there is something; what `up` does then is known when it is there."""
    if not delivery.lines:
        return None
    then = f"then what `stack up` finds to do in {folder} with these files"
    if asked.as_json:
        terminal.document({"project": folder.name, "ok": True, "plan": [*delivery.lines, then], "outages": []})
    else:
        terminal.result("\n".join(f"  {line}" for line in (*delivery.lines, then)))
    return ExitCode.GOOD


def _agree(folder: There, edited: Sequence[str], *, as_json: bool) -> None:
    """Return when what somebody has changed there may be replaced; WrongInput that names it when it may not."""
    what = f"changed in {folder} on {folder.line.address} since it was sent"
    if not as_json and terminal.interactive():
        from .. import wizard

        terminal.note(f"{_listed(edited)}: {what}")
        if wizard.confirm("Replace it by what is here?"):
            return
    raise WrongInput(
        f"{_counted(edited)} {what}; nothing was changed",
        evidence=tuple(edited[:SHOWN]),
        hint="take the changes over here; or --yes, to replace them",
    )


def _carry_out(folder: There, delivery: Delivery, asked: Asked) -> None:
    if not delivery.shipment.empty or delivery.sent is None or delivery.sent.cargo != delivery.own:
        now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        packed = shipping.pack(asked.source, Sent(delivery.own, who(), now), delivery.sent, delivery.shipment.send)
        what = f"send {len(packed) / 1000:.1f} kB to {folder.line.address}:{folder}"
        with terminal.step(what):
            shipping.deliver(folder, packed, delivery.shipment)
    if delivery.env is not None:
        _write(folder / ENV, delivery.env)


def _write(path: Path, text: str) -> None:
    """Write a server's .env, with the mode that it has, else for its owner alone; where a link leads to."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else PRIVATE
        wholefile.write(path.resolve(), text.encode(), mode)
    except OSError as error:
        raise WrongInput(f"{path} cannot be written: {error.strerror}", hint="it should belong to this user") from error


def _counted(names: Sequence[str]) -> str:
    return "1 file" if len(names) == 1 else f"{len(names)} files"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
