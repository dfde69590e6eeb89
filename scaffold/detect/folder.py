"""The one place that reads the folder: which files there are, and the text of those that matter."""

import importlib.util
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

DECLARATIONS = ("pyproject.toml", "uv.lock", "poetry.lock", "requirements.txt", "Dockerfile", ".python-version")
"""The files beside code that say something; they lie at the top."""
LARGEST = 1_000_000
"""Bytes of a file that is read; nobody writes longer ones by hand."""
MOST = 20_000
"""Files that are looked at; a folder with more holds data."""
SKIPPED = frozenset(
    {"venv", "env", "node_modules", "__pycache__", "site-packages", "build", "dist", "test", "tests", "testing"}
)
"""Folders, beside hidden ones, that hold no code of the app."""
BOMS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
"""How a file begins that PowerShell's `>` wrote: pip reads those too."""


@dataclass(frozen=True)
class Folder:
    """A folder's files as text, by their path relative to it, with slashes."""

    files: frozenset[str]
    paths: frozenset[str]
    texts: Mapping[str, str]
    notes: tuple[str, ...]


def read(root: Path) -> Folder:
    """Return what a folder holds: the text of Python code outside tests, and of the other files that say something.

    Links to folders are not followed. What cannot be read becomes a note.
    """
    found = [path for path, _ in zip(_walk(root), range(MOST), strict=False)]
    notes = [f"only the first {MOST:,} files were looked at"] if len(found) == MOST else []
    texts = {}
    for path in (one for one in found if is_code(one) or one in DECLARATIONS):
        content, note = text(root / path, path)
        texts.update({path: content} if not note else {})
        notes += [note] if note else []
    return Folder(frozenset(entry.name for entry in _entries(root)), frozenset(found), texts, tuple(notes))


def is_code(path: str) -> bool:
    """Tell whether a file is Python code of the app, and not a test of it."""
    name = PurePosixPath(path).name
    return name.endswith(".py") and not (name.startswith("test_") or name.endswith("_test.py") or name == "conftest.py")


def load(root: Path, path: str) -> str | None:
    """Return the text of one more file; None when it cannot be had."""
    content, note = text(root / path, path)
    return None if note else content


def _walk(root: Path) -> Iterator[str]:
    """Yield the regular files, the nearest folders first, by name."""
    waiting = [root]
    for folder in waiting:
        entries = _entries(folder)
        names = {entry.name for entry in entries}
        if "pyvenv.cfg" in names:
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                waiting += [Path(entry.path)] if _inviting(entry.name, names) else []
            elif _regular(entry):
                yield Path(entry.path).relative_to(root).as_posix()


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """Return what is in a folder; nothing of one that cannot be opened, and no name that cannot be shown."""
    try:
        with os.scandir(folder) as entries:
            return sorted((entry for entry in entries if entry.name.isprintable()), key=lambda entry: entry.name)
    except OSError:
        return []


def _regular(entry: os.DirEntry[str]) -> bool:
    """Tell whether it is a file, or a link to one: no pipe, which would be waited for, and no link to itself."""
    try:
        return entry.is_file()
    except OSError:
        return False


def _inviting(name: str, beside: set[str]) -> bool:
    """Tell whether a folder may hold the app's own code: not others', not tests, not Alembic's migrations."""
    alembic = name == "versions" and "script.py.mako" in beside
    return not (name.startswith(".") or name in SKIPPED or alembic)


def text(file: Path, path: str) -> tuple[str, str]:
    """Return a file's text and, when there is none, the reason."""
    limit = LARGEST * 20 if path.endswith(".lock") else LARGEST
    try:
        if not file.is_file():  # a pipe would be waited for
            return "", f"{path} cannot be read: it is no file"
        if file.stat().st_size > limit:
            return "", f"{path} was not read: it is larger than {limit // 1_000_000} MB"
        return _decoded(file.read_bytes(), path), ""
    except OSError as error:
        return "", f"{path} cannot be read: {error.strerror}"
    except (SyntaxError, UnicodeError, LookupError):
        return "", f"{path} was not read: it is not text in the encoding that it names, UTF-8 without one"


def _decoded(content: bytes, path: str) -> str:
    if path.endswith(".py"):
        return importlib.util.decode_source(content)
    encoding = next((name for mark, name in BOMS if content.startswith(mark)), "utf-8-sig")
    return content.decode(encoding).replace("\r\n", "\n")
