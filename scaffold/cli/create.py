"""`stack new`."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from .. import answers as answering
from .. import outline, placing, render
from ..errors import Interrupted, NotReady, WrongInput
from ..outline import Adoption, Files
from ..screens import making
from . import becoming, terminal

MANUALS = {"README.md", "STACK.md"}


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


def given(
    file: Path | None,
    pairs: Sequence[str],
    of: render.Template | None = None,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Any]:
    """Return the answers of the command line, judged by name; single ones win over variables, these over the file."""
    single, variables = answering.from_pairs(pairs), answering.from_environment(environment)
    data = {**(answering.from_file(file) if file else {}), **variables, **single}
    answering.refuse_unfit(data, (of or render.carried()).asked, variables.keys() - single.keys())
    return data


def create(  # noqa: PLR0913 - what the command was given
    destination: Path, data: Mapping[str, Any], of: render.Template, *, ask: bool, yes: bool, as_json: bool
) -> int:
    """Ask, render, and put the project in its place; nothing is written before everything is known."""
    if destination.exists() and not destination.is_dir():
        raise WrongInput(f"{destination} is a file", hint="name a folder that is new or empty")
    if not placing.writable(destination):
        raise NotReady(f"nothing may be written in {destination}", hint="have its owner allow it, or take another one")
    with ExitStack() as later, _nothing_written():
        ours = "adopt" in of.asked
        if ask and (as_json or not terminal.interactive()):
            _refuse_to_guess(destination, data, of if ours else None)
            ask = False
        adoption = _adoption(destination, data, of if ours else None, ask=ask)
        agreed = yes or (ask and ours)  # the sum has named it all
        if not (ask and ours):
            for line in adoption.said:
                terminal.note(line)
        folder = later.enter_context(render.rendered(destination, adoption.answers, ask=ask and not ours, of=of))
        files = becoming.files(folder, destination, adoption)
        if adoption.found:
            _agree_to_adopt(destination, adoption, files, yes=agreed)
        if files.replaced or files.kept:
            _agree(destination, files, yes=agreed, as_json=as_json)
        written = placing.files(folder)
        placing.place(folder, destination, aside=adoption.aside, blended=frozenset(map(Path, files.blended)))
    _show(destination, written, files, adoption, as_json=as_json)
    return 0


@contextmanager
def _nothing_written() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted("interrupted: nothing was written") from None


def _adoption(destination: Path, data: Mapping[str, Any], ours: render.Template | None, *, ask: bool) -> Adoption:
    """Return what is to be rendered; another template asks for itself what it has to know."""
    if ours is None or (str(data.get("kind", answering.APP)) != answering.APP and not ask):
        return Adoption(data)
    if ask:
        from . import asking

        return asking.ask(destination, data, ours)
    if placing.vacant(destination) and not data.keys() & {"adopt", "app"}:
        return Adoption(data)  # what reads a folder takes a tenth of a second to import
    from . import adopting

    return adopting.look(destination, data)


def _refuse_to_guess(destination: Path, data: Mapping[str, Any], ours: render.Template | None) -> None:
    """Return when nothing is left to be asked; WrongInput that names it when something is."""
    from . import asking

    missing = asking.missing(destination, data, ours) if ours else ()
    if missing or ours is None:
        what = f", and nobody has answered: {', '.join(missing)}" if missing else ""
        raise WrongInput(
            f"there is no terminal to ask questions at{what}",
            hint=f"--defaults, or --data {missing[0] if missing else 'NAME'}=VALUE",
        )


def _agree_to_adopt(destination: Path, adoption: Adoption, files: Files, *, yes: bool) -> None:
    from . import adopting

    adopting.agree(destination, adoption.aside, files.blended, yes=yes)


def _agree(destination: Path, files: Files, *, yes: bool, as_json: bool) -> None:
    """Return when files may be overwritten; WrongInput that names them when they may not."""
    names = ", ".join((*files.replaced, *files.kept))
    if yes:
        return
    if terminal.interactive() and not as_json:
        from .. import wizard

        kept = " (.env and secrets are kept)" if files.kept else ""
        if wizard.confirm(f"{destination} already has {names}. Overwrite{kept}?"):
            return
    raise WrongInput(
        f"{destination} already has {names}; nothing was written",
        hint="another folder, or --yes to overwrite them (never .env or secrets)",
    )


def _show(destination: Path, written: Sequence[Path], files: Files, adoption: Adoption, *, as_json: bool) -> None:
    if as_json:
        body = {"directory": str(destination.resolve()), "files": [str(path) for path in written]}
        changed = {"replaced": list(files.replaced), "kept": list(files.kept), "renamed": dict(adoption.aside)}
        terminal.document({**body, **changed, "found": list(adoption.said)})
        return
    manual = next((path for path in written if str(path) in MANUALS), None)
    terminal.result(f"{destination} holds the project, {len(written)} files.")
    if manual:
        meanings = outline.meanings((destination / manual).read_text(encoding="utf-8"))
        terminal.result(making.tree(destination, written, meanings, colour=terminal.colour()))
    if files.replaced:
        terminal.result(f"Replaced: {', '.join(files.replaced)}")
    for name, other in adoption.aside.items():
        terminal.result(f"Renamed: {name} is {other} now")
    if files.kept:
        terminal.result(f"Kept as it was, whatever the answers say: {', '.join(files.kept)}")
    terminal.result(f"Next: stack up {shlex.quote(str(destination))}")
