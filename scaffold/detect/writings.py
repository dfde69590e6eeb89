"""Which paths the code writes, as far as they stand in it as text."""

import ast
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping

from ..source import Writing
from .code import Module, argument, called, constants, literal

URL = re.compile(r"sqlite(?:\+\w+)?://(?:/(?=.)|(?=[^/]))(?P<path>[^?#\s]+)(?:[?#]\S*)?")
"""A SQLite address: three slashes before a relative path, four before an absolute one; Tortoise writes two."""
CONNECT = frozenset({"sqlite3.connect", "sqlite3.dbapi2.connect", "aiosqlite.connect"})
OPEN = frozenset({"open", "io.open", "codecs.open", "gzip.open", "aiofiles.open", "anyio.open_file"})
FOLDERS = frozenset({"os.mkdir", "os.makedirs", "aiofiles.os.makedirs", "aiofiles.os.mkdir"})
LOGS = frozenset(
    {
        "logging.FileHandler",
        "logging.handlers.RotatingFileHandler",
        "logging.handlers.TimedRotatingFileHandler",
        "logging.handlers.WatchedFileHandler",
    }
)
METHODS: Mapping[str, str] = {"mkdir": "folder", "write_text": "file", "write_bytes": "file", "touch": "file"}
"""What a path is told to do, and what is there afterwards."""
TEXTS = ast.JoinedStr | ast.BinOp
"""What puts a text together, of which a piece alone says nothing."""
PASSING = ("/tmp", "/dev", "/proc")  # noqa: S108 - what others write, not what we do


def find(modules: Iterable[Module]) -> tuple[Writing, ...]:
    """Return the paths that code writes, each once, in the order of the files; nothing that is gone at a restart."""
    found: dict[str, Writing] = {}
    for module in modules:
        for one in _of(module):
            found.setdefault(posixpath.normpath(one.path), one)
    return tuple(one for path, one in found.items() if _lasting(path))


def _lasting(path: str) -> bool:
    return not any(path == one or path.startswith(f"{one}/") for one in PASSING) and path.isprintable()


def _of(module: Module) -> Iterator[Writing]:
    known = constants(module)
    nodes = tuple(ast.walk(module.tree))
    pieces = {id(one) for node in nodes if isinstance(node, TEXTS) for one in ast.iter_child_nodes(node)}
    for node in nodes:
        if isinstance(node, ast.Constant | TEXTS) and id(node) not in pieces:
            path, kind = _database(literal(node, module.imports, known) or ""), "sqlite"
        elif isinstance(node, ast.Call):
            path, kind = _call(node, module, known)
        else:
            continue
        if path:
            yield Writing(path, module.at(node), kind)


def _database(text: str) -> str:
    """Return the file that a database address means; empty for one in memory, and for any other text."""
    found = URL.fullmatch(text)
    path = found["path"].removeprefix("file:") if found else ""
    return "" if path.startswith(":memory:") or "{" in path else path


def _call(node: ast.Call, module: Module, known: Mapping[str, str]) -> tuple[str, str]:
    """Return the path that a call writes, and what it is then; an empty path when it writes none that is known."""
    name = called(node, module.imports)
    if name in CONNECT:
        path = literal(argument(node, 0, "database"), module.imports, known) or ""
        return ("" if path == ":memory:" else _database(path) or path.removeprefix("file:").partition("?")[0]), "sqlite"
    if name in LOGS or (name in OPEN and _writes(node, 1)):
        return literal(argument(node, 0, "file", "filename"), module.imports, known) or "", "file"
    if name == "logging.basicConfig":
        return literal(argument(node, -1, "filename"), module.imports, known) or "", "file"
    if name in FOLDERS:
        return literal(argument(node, 0, "name", "path"), module.imports, known) or "", "folder"
    return _method(node, module, known)


def _method(node: ast.Call, module: Module, known: Mapping[str, str]) -> tuple[str, str]:
    """Return the same for a method of a path."""
    if not isinstance(node.func, ast.Attribute):
        return "", ""
    kind = METHODS.get(node.func.attr, "file" if node.func.attr == "open" and _writes(node, 0) else "")
    return (literal(node.func.value, module.imports, known) or "") if kind else "", kind


def _writes(node: ast.Call, position: int) -> bool:
    mode = argument(node, position, "mode")
    return isinstance(mode, ast.Constant) and isinstance(mode.value, str) and bool(set(mode.value) & set("wax+"))
