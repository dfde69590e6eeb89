"""`stack new`."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .. import answers as answering
from .. import placing, render
from ..errors import WrongInput
from . import adopting, terminal


def template(address: str | None, ref: str | None) -> render.Template:
    """Return the template to use: the one that came with this program, or the one that was named."""
    if address is None:
        if ref is not None:
            raise WrongInput("--ref names a version of another template", hint=f"--template SOURCE --ref {ref}")
        return render.carried()
    named = render.found(address, ref)
    if not named.versioned:
        terminal.note(f"{address} is no git repository: a project made from it cannot be updated (stack update)")
    return named


def given(file: Path | None, pairs: Sequence[str], of: render.Template | None = None) -> dict[str, Any]:
    """Return the answers of the command line, judged by name; the single ones win over the file."""
    data = {**(answering.from_file(file) if file else {}), **answering.from_pairs(pairs)}
    answering.refuse_unfit(data, (of or render.carried()).asked)
    return data


def create(  # noqa: PLR0913 - what the command was given
    destination: Path, data: Mapping[str, Any], of: render.Template, *, ask: bool, yes: bool, as_json: bool
) -> int:
    """Ask, render, and put the project in its place; nothing is written before everything is known."""
    if ask and (as_json or not terminal.interactive()):
        raise WrongInput(
            "there is no terminal to ask questions at", hint="--defaults, with --data NAME=VALUE for the others"
        )
    if destination.exists() and not destination.is_dir():
        raise WrongInput(f"{destination} is a file", hint="name a folder that is new or empty")
    kind = str(data.get("kind", answering.APP))
    looks = "adopt" in of.asked and kind == answering.APP
    adoption = adopting.look(destination, data, ask=ask) if looks else adopting.Adoption(data)
    for line in adoption.said:
        terminal.note(line)
    quiet = answering.fitting(of.quiet, kind) if ask else {}
    with render.rendered(destination, {**quiet, **adoption.answers}, ask=ask, of=of) as folder:
        blended = adopting.blend(folder, destination, adoption)
        adopting.agree(destination, adoption.aside, blended, yes=yes, ask=ask)
        written = placing.files(folder)
        taken = {*blended, *map(Path, adoption.aside)}
        if in_the_way := [path for path in placing.conflicts(folder, destination) if path not in taken]:
            _agree(destination, in_the_way, yes=yes, as_json=as_json)
        placing.place(folder, destination, aside=adoption.aside, blended=blended)
    _show(destination, written, in_the_way, adoption, as_json=as_json)
    return 0


def _agree(destination: Path, in_the_way: Sequence[Path], *, yes: bool, as_json: bool) -> None:
    """Return when files may be overwritten; WrongInput that names them when they may not."""
    names = ", ".join(map(str, in_the_way))
    if yes:
        return
    if terminal.interactive() and not as_json:
        from .. import wizard

        kept = any(map(placing.belongs_to_the_place, in_the_way))
        if wizard.confirm(
            f"{destination} already has {names}. Overwrite{' (.env and secrets are kept)' if kept else ''}?"
        ):
            return
    raise WrongInput(
        f"{destination} already has {names}; nothing was written",
        hint="another folder, or --yes to overwrite them (never .env or secrets)",
    )


def _show(
    destination: Path,
    written: Sequence[Path],
    in_the_way: Sequence[Path],
    adoption: adopting.Adoption,
    *,
    as_json: bool,
) -> None:
    kept = [str(path) for path in in_the_way if placing.belongs_to_the_place(path)]
    replaced = [str(path) for path in in_the_way if not placing.belongs_to_the_place(path)]
    if as_json:
        body = {"directory": str(destination.resolve()), "files": [str(path) for path in written]}
        more = {"replaced": replaced, "kept": kept, "renamed": dict(adoption.aside), "found": list(adoption.said)}
        terminal.document({**body, **more})
        return
    manual = next((str(path) for path in written if str(path) in {"README.md", "STACK.md"}), "README.md")
    terminal.result(f"{destination} holds the project, {len(written)} files. {manual} there tells what each is for.")
    if replaced:
        terminal.result(f"Replaced: {', '.join(replaced)}")
    for name, other in adoption.aside.items():
        terminal.result(f"Renamed: {name} is {other} now")
    if kept:
        terminal.result(f"Kept as it was, whatever the answers say: {', '.join(kept)}")
    terminal.result(f"Next: stack up {shlex.quote(str(destination))}")
