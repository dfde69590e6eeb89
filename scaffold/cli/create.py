"""`stack new`."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .. import answers as answering
from .. import render
from ..errors import WrongInput
from . import terminal


def given(file: Path | None, pairs: Sequence[str]) -> dict[str, Any]:
    """Return the answers of the command line, judged by name; the single ones win over the file."""
    data = {**(answering.from_file(file) if file else {}), **answering.from_pairs(pairs)}
    asked = answering.questions((render.template() / "copier.yml").read_text(encoding="utf-8"))
    answering.refuse_unfit(data, asked)
    return data


def create(destination: Path, data: Mapping[str, Any], *, ask: bool, yes: bool, as_json: bool) -> int:
    """Ask, render, and put the project in its place; nothing is written before everything is known."""
    if ask and (as_json or not terminal.interactive()):
        raise WrongInput(
            "there is no terminal to ask questions at", hint="--defaults, with --data NAME=VALUE for the others"
        )
    if destination.exists() and not destination.is_dir():
        raise WrongInput(f"{destination} is a file", hint="name a folder that is new or empty")
    with render.rendered(destination, data, ask=ask) as folder:
        written = render.files(folder)
        if in_the_way := render.conflicts(folder, destination):
            _agree(destination, in_the_way, yes=yes, as_json=as_json)
        render.place(folder, destination)
    _show(destination, written, in_the_way, as_json=as_json)
    return 0


def _agree(destination: Path, in_the_way: Sequence[Path], *, yes: bool, as_json: bool) -> None:
    """Return when files may be overwritten; WrongInput that names them when they may not."""
    names = ", ".join(map(str, in_the_way))
    if yes:
        return
    if terminal.interactive() and not as_json:
        from .. import wizard

        kept = any(map(render.belongs_to_the_place, in_the_way))
        if wizard.confirm(
            f"{destination} already has {names}. Overwrite{' (.env and secrets are kept)' if kept else ''}?"
        ):
            return
    raise WrongInput(
        f"{destination} already has {names}; nothing was written",
        hint="another folder, or --yes to overwrite them (never .env or secrets)",
    )


def _show(destination: Path, written: Sequence[Path], in_the_way: Sequence[Path], *, as_json: bool) -> None:
    kept = [str(path) for path in in_the_way if render.belongs_to_the_place(path)]
    replaced = [str(path) for path in in_the_way if not render.belongs_to_the_place(path)]
    if as_json:
        body = {"directory": str(destination.resolve()), "files": [str(path) for path in written]}
        terminal.document({**body, "replaced": replaced, "kept": kept})
        return
    terminal.result(f"{destination} holds the project, {len(written)} files. README.md there tells what each is for.")
    if replaced:
        terminal.result(f"Replaced: {', '.join(replaced)}")
    if kept:
        terminal.result(f"Kept as it was, whatever the answers say: {', '.join(kept)}")
    terminal.result(f"Next: stack up {shlex.quote(str(destination))}")
