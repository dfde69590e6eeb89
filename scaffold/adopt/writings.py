"""Where what the app writes is kept."""

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from ..source import Candidate, Source, Writing
from .proposal import Proposal

CODE = "/srv"
"""Where the stack's own Dockerfile puts the app's folder."""
FITS = re.compile(r"([.]/|/)?[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*/?")
"""A path that the question `data` takes."""
SYSTEM = frozenset({"/", "/app", "/etc", "/home", "/lib", "/opt", "/root", "/run", "/srv", "/usr", "/var", "/var/log"})
"""Folders that are not a place for data alone."""
WRITTEN = frozenset(
    [
        "cache",
        "data",
        "db",
        "files",
        "instance",
        "log",
        "logs",
        "media",
        "output",
        "outputs",
        "storage",
        "tmp",
        "upload",
        "uploads",
        "var",
    ]
)
"""Folders of these names hold what the app wrote when it was tried, unless there is code in them."""


def data(source: Source, app: Candidate, given: Mapping[str, Any], *, keep: bool) -> Proposal:
    """Propose a volume for every path that the code writes."""
    if "data" in given:
        return Proposal()
    places = {one: "" if keep else _place(one, app, source.paths) for one in source.writings}
    kept = _outermost(place for place in places.values() if place)
    workdir = source.recipe.workdir if source.recipe else ""
    said: dict[str, str] = {}
    for one, place in places.items():
        said.setdefault(place or one.path, _said(one, place, workdir if keep else ""))
    there = [place for place in kept if any(path == place or path.startswith(place) for path in source.paths)]
    left = (f"data: what is in {place} now is not taken along (STACK.md)" for place in there)
    return Proposal({"data": " ".join(kept)} if kept else {}, (*said.values(), *left))


def _said(one: Writing, place: str, workdir: str) -> str:
    if place:
        return f"data: {place} outlives the container ({one.where})"
    if workdir:
        folder = PurePosixPath(workdir) / (one.path if one.kind == "folder" else PurePosixPath(one.path).parent)
        return (
            f"data: {one.path} is written ({one.where}), where the container may not write; to keep it, have your"
            f" Dockerfile make {folder} for the app's user (RUN install -d -o USER {folder}), and --data data={folder}/"
        )
    return f"data: {one.path} is written ({one.where}), and cannot be kept in a volume as it is"


def _place(one: Writing, app: Candidate, paths: Collection[str]) -> str:
    """Return the answer for one path that is written: a folder of its own, else the file; empty when neither can be."""
    path = PurePosixPath(one.path)
    if not FITS.fullmatch(one.path):
        return ""
    if path.is_relative_to(CODE):
        path = path.relative_to(CODE)
    folder = path if one.kind == "folder" else path.parent
    code = {".", app.folder, app.app.partition(":")[0].partition(".")[0]}
    if not path.is_absolute() and (str(folder) in code or _shipped(folder, path, paths)):
        # Over what is shipped a volume would keep the old content for ever; a file can be a link.
        return "" if one.kind == "folder" or "." not in path.name or path.suffix == ".py" else str(path)
    if str(folder) in SYSTEM or path.is_relative_to("/opt"):
        return ""
    return f"{folder}/"


def _shipped(folder: PurePosixPath, written: PurePosixPath, paths: Collection[str]) -> bool:
    """Tell whether a folder holds files of the project, beside what is written and placeholders such as .gitkeep."""
    inside = [PurePosixPath(one) for one in paths if PurePosixPath(one).is_relative_to(folder)]
    if folder.name in WRITTEN:
        return any(one.suffix == ".py" for one in inside)
    return any(not one.name.startswith((".", written.name)) for one in inside)


def _outermost(places: Iterable[str]) -> tuple[str, ...]:
    """Return the places in order, without those that lie in another."""
    found = tuple(dict.fromkeys(places))
    return tuple(one for one in found if not any(one != other and one.startswith(other) for other in found))
