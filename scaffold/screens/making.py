"""What somebody sees who makes a project: what was found, what it will be, what was written."""

import shlex
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..outline import Outline, arithmetic
from . import BOLD, DIM, GREEN, YELLOW, painter

if TYPE_CHECKING:
    from ..facts.surroundings import Surroundings

WIDTH = 80
MIB = 1 << 20
NAMED = 12
"""Files that are named of those that are new; the tree afterwards names all."""
SIGNS = {
    "acme": "certificates from Let's Encrypt",
    "staging": "certificates from Let's Encrypt's authority for trials",
    "custom": "certificates from an ACME authority of yours",
    "local": "a certificate from the local authority of `stack`",
    "files": "certificates of yours, in secrets/tls",
    "external": "HTTPS ends in front of this server",
}
ORDER = ("traefik", "socket-proxy", "joiner", "app", "prestart", "postgres", "redis")
"""As a request comes in."""
SERVES: Mapping[str, str] = {
    "socket-proxy": "lets Traefik read Docker's API, and nothing more",
    "postgres": "PostgreSQL, on a network with the app alone",
    "redis": "Redis, on a network with the app alone",
    "joiner": "brings Traefik into the networks of the stacks",
    "prestart": "runs once before each new version",
}


def found(around: "Surroundings", said: Sequence[str]) -> str:
    """Return what was looked at: the folder's lines, then this machine and git."""
    rows = [*(("folder", line) for line in said), *_machine(around), *_git(around)]
    return "\n".join(line for name, text in rows for line in _row(name, text))


def _machine(around: "Surroundings") -> Iterable[tuple[str, str]]:
    room = around.room
    if room.memory_total:
        left = f", {(room.memory or 0) // MIB} MB of it free"
        yield "machine", f"{around.cores} cores, {room.memory_total // MIB} MB of memory{left}"
    held = "; ".join(f"port {one.port} is taken by {one.who}" for one in around.holders)
    yield "machine", held or "nobody listens on ports 80 and 443"
    if around.interfaces:
        own = f"public address{'es' if len(around.public) > 1 else ''}: {', '.join(around.public)}"
        yield "machine", own if around.public else "none of its addresses is public"
    if around.versions:
        yield "docker", f"Engine {around.versions.engine}, Compose {around.versions.compose}"
    else:
        yield "docker", f"{around.engine_problem}: needed for `stack up` here, not for --on a server"


def _git(around: "Surroundings") -> Iterable[tuple[str, str]]:
    if around.email:
        yield "git", f"{around.name} <{around.email}>".strip() + " (git config)"


def summary(outline: Outline, around: "Surroundings", *, colour: bool) -> str:
    """Return the sum: one screen with all that will be, before any of it is written."""
    paint = painter(colour=colour)
    form, lines = outline.form, []

    def section(title: str, rows: Iterable[str]) -> None:
        shown = [line for row in rows for line in _wrapped(row, 2)]
        if shown:
            lines.extend(["", paint(title, BOLD), *shown])

    section("Services", _services(outline))
    section("Memory and processors", arithmetic(form, outline.parts, around.cores, around.room))
    section("Files", _files(outline))
    chosen = [f"{one.name}={shlex.quote(one.shown)}" for one in form.asked if one.given]
    section("Answers given or found", [" ".join(chosen)] if chosen else [])
    # What is asked next stands below, and a screen may have 24 lines.
    section(f"{form.get('project_name')}, in the folder {outline.directory}", (*outline.urls, *outline.leads))
    wrong = [f"{one.name}: {one.problem}" for one in form.open]
    if wrong:
        section(paint("To be answered differently", YELLOW), wrong)
    return "\n".join(lines[1:])


def _services(outline: Outline) -> Iterable[str]:
    form = outline.form
    says = {
        "traefik": SIGNS.get(str(form.get("certificates")), "HTTPS"),
        "app": f"{form.get('app') or 'app.main:app'} by {form.get('server')}, {form.get('workers')} workers",
        **SERVES,
    }
    for one in sorted(outline.parts, key=lambda part: ORDER.index(part.service) if part.service in ORDER else -1):
        many = f"{one.containers} x " if one.containers > 1 else ""
        limit = f"{many}{one.memory} MB" if one.memory else ""
        yield f"{one.service:13} {limit:>8}  {says.get(one.service, '')}".rstrip()


def _files(outline: Outline) -> Iterable[str]:
    files = outline.files
    shown = ", ".join(files.new[:NAMED]) + (f" and {len(files.new) - NAMED} more" if len(files.new) > NAMED else "")
    told = [
        f"{len(files.new)} new: {shown}" if files.new else "",
        f"replaced: {', '.join(files.replaced)}" if files.replaced else "",
        f"kept as they are: {', '.join(files.kept)}" if files.kept else "",
        *(f"the stack's lines are appended to {name}" for name in files.blended),
        *(f"{name} is renamed to {other}" for name, other in files.renamed.items()),
    ]
    return [one for one in told if one]


def tree(
    directory: Path, written: Sequence[Path], meanings: Sequence[tuple[tuple[str, ...], str]], *, colour: bool
) -> str:
    """Return what was written, each file or folder with what it is for."""
    paint, rows = painter(colour=colour), _told(tuple(map(str, written)), meanings)
    wide = max((len(name) for name, _ in rows), default=0)
    lines = [paint(f"{directory}/", BOLD)]
    for place, (name, meaning) in enumerate(rows):
        last = place == len(rows) - 1
        first, *more = textwrap.wrap(meaning, WIDTH - wide - 6) or [""]
        lines.append(f"{'└' if last else '├'}── {paint(f'{name:{wide}}', GREEN)}  {paint(first, DIM)}".rstrip())
        lines += [f"{' ' if last else '│'}   {'':{wide}}  {paint(line, DIM)}" for line in more]
    return "\n".join(lines)


def _told(written: Sequence[str], meanings: Sequence[tuple[tuple[str, ...], str]]) -> list[tuple[str, str]]:
    """Return a row for each file that the manual lists, and one for the rest of each folder."""
    rows = [(name, meaning) for names, meaning in meanings for name in names if _there(name, written)]
    listed = tuple(name for name, _ in rows)
    rest = [
        one for one in written if not any(one == name or (one.startswith(name) and name[-1] == "/") for name in listed)
    ]
    grouped = {_group(one, listed) for one in rest}
    return sorted([*rows, *((one, REST.get(one, "")) for one in grouped)])


def _group(name: str, listed: Sequence[str]) -> str:
    """Return the folder that stands for a file, unless the folder's other files are listed."""
    folder, slash, _ = name.partition("/")
    return name if not slash or any(one.startswith(f"{folder}/") for one in listed) else f"{folder}/"


REST: Mapping[str, str] = {
    "README.md": "the manual of this stack",
    "STACK.md": "the manual of this stack",
    "app/": "an example app, to be replaced by yours",
    "requirements.txt": "what the app needs installed",
    ".gitignore": "what git does not take: secrets, and what differs per server",
    "public/": "the files that are served",
    "places.yaml": "where the project is brought up",
    "traefik/reload.yaml": "touched, it makes Traefik read the files beside it again",
}
"""What the manual's table leaves out."""


def _there(name: str, written: Sequence[str]) -> bool:
    return name in written or (name.endswith("/") and any(one.startswith(name) for one in written))


def _row(name: str, text: str) -> list[str]:
    first, *more = textwrap.wrap(text, WIDTH - 11, break_on_hyphens=False) or [""]
    return [f"  {name:8} {first}", *(f"  {'':8} {line}" for line in more)]


def _wrapped(text: str, by: int) -> list[str]:
    indent = " " * by
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_on_hyphens=False,
        drop_whitespace=True,
        replace_whitespace=False,
    )
