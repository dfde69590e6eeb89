"""What the template is to be told about an app that exists: what was read in, answers and sentences out."""

from collections.abc import Mapping
from typing import Any

from ..errors import WrongInput
from ..source import Candidate, Source
from . import dependencies, dockerfile, legacy, services, writings
from .blending import ASIDE, BEGIN, END, in_the_way, left_behind, unfit, with_block, with_patterns
from .dockerfile import USER, problems, told
from .legacy import translate
from .proposal import Proposal, meant
from .services import migrates, stores

__all__ = [
    "ASIDE",
    "BEGIN",
    "END",
    "USER",
    "Proposal",
    "adopts",
    "choose",
    "in_the_way",
    "left_behind",
    "migrates",
    "problems",
    "propose",
    "refuse_adopted",
    "stores",
    "told",
    "translate",
    "unfit",
    "with_block",
    "with_patterns",
]


def refuse_adopted(source: Source, folder: str) -> None:
    """Raise WrongInput for a folder that was adopted before, or that another template of Copier's made."""
    note = source.note
    if note is not None and not ({"project_name", "certificates"} <= set(note)):
        raise WrongInput(
            f"{folder}/.copier-answers.yml belongs to another template, {note.get('_src_path', 'unknown')}",
            hint="rename it, if that template is not to update the folder any more; a project can have one",
        )
    if note is not None and note.get("adopt"):
        raise WrongInput(
            f"the app in {folder} has its stack already",
            hint=f"stack update {folder} --data NAME=VALUE changes an answer; STACK.md lists what to remove to undo it",
        )


def adopts(source: Source, given: Mapping[str, Any]) -> bool:
    """Tell whether a folder holds an app to be adopted, unless the person has said."""
    if "adopt" in given:
        return meant(given["adopt"])
    return source.note is None and (source.python or "app" in given)


def choose(source: Source, folder: str) -> Candidate:
    """Return the one app that was found; WrongInput that names all of them, or where none was."""
    if not source.candidates:
        raise WrongInput(
            f"no FastAPI app was found in {folder}; looked at {', '.join(source.looked) or 'every Python file'}",
            hint="--data app=package.module:name says where it is; a new project wants a new folder",
            evidence=source.notes,
        )
    if len(source.candidates) > 1:
        raise WrongInput(
            f"there is more than one FastAPI app in {folder}",
            evidence=tuple(f"{one.app}{_from(one)}: {one.where}" for one in source.candidates),
            hint=f"--data app={source.candidates[0].app}, or another of these",
        )
    return source.candidates[0]


def propose(source: Source, app: Candidate, given: Mapping[str, Any], folder: str = ".") -> Proposal:
    """Return the answers for an app; WrongInput with the reason when it cannot be served as it is.

    `folder` is the one that was read, as the person named it.
    """
    found = Proposal(
        {"adopt": True, "app": app.app, "app_dir": app.folder}, (f"app: {app.app}{_from(app)} ({app.where})",)
    )
    found += dockerfile.fate(source, given)
    found += dockerfile.options(source, app)
    keep = {**found.answers, **given}.get("dockerfile") == "keep"
    if given.get("prestart") == "alembic" and "alembic.ini" not in source.files and not keep:
        raise WrongInput(
            f"prestart=alembic has nothing to go by: there is no alembic.ini in {folder}",
            hint="prestart='alembic -c PATH/alembic.ini upgrade head', or alembic.ini at the top",
        )
    if not keep:
        found += dependencies.installation(source, app, {**found.answers, **given}, folder)
    elif source.dependencies and not legacy.brings(source.recipe):
        dependencies.served_by(source.dependencies, {**found.answers, **given})
    found += writings.data(source, app, given, keep=keep)
    told = any("--data prestart=" in line for line in found.said)
    found += services.hints(source, {**found.answers, **given}, told=told)
    return found + _health(source, given) + _env(source)


def _from(app: Candidate) -> str:
    return "" if app.folder == "." else f" from {app.folder}/"


def _env(source: Source) -> Proposal:
    if ".env" not in source.files:
        return Proposal()
    elsewhere = "under `environment:` in compose.app.yaml, secret ones into secrets/app.env (`stack secret set NAME`)"
    said = [f".env: the container does not see it; settings go {elsewhere}"]
    if source.dependencies and source.dependencies.brings("pydantic-settings"):
        said.append(
            "pydantic-settings refuses names in .env that it does not know, such as STACK_…, without extra='ignore'"
        )
    return Proposal({}, tuple(said))


def _health(source: Source, given: Mapping[str, Any]) -> Proposal:
    if "health_path" in given:
        return Proposal()
    where = f" ({source.health_where})" if source.health_where else ", since no health route was found"
    if source.health_hidden:
        where = f"; {source.health_hidden}, after a prefix that only running tells: --data health_path=PATH names it"
    return Proposal({"health_path": source.health_path}, (f"alive: {source.health_path} answers below 500{where}",))
