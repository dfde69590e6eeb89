"""What is asked of Python code that is only read: its tree, the full names of what it calls, its plain strings."""

import ast
import platform
import posixpath
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

DEEP = 30
"""How deep an expression is followed; what a person writes is shallower."""
RUNNING = ".".join(platform.python_version_tuple()[:2])
"""The Python that reads: code for a newer one may have words that it does not know."""
LONG = 4096
"""Characters that a path or an address may have; code that doubles a string again and again is not followed."""
ABOVE = frozenset({"os.path.dirname"})
SAME = frozenset({"os.path.abspath", "os.path.realpath", "os.path.normpath"})
SAME_METHODS = frozenset({"resolve", "absolute", "as_posix", "expanduser"})
"""What gives the folder of a path, or the same path, by function and by method: paths here are the project's."""
SETTINGS = frozenset({"os.environ.get", "os.getenv"})
"""What gives a setting, or else its second argument: what it is until somebody sets it."""
PATHS = frozenset({"pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath", "pathlib.PurePosixPath", "anyio.Path"})


@dataclass(frozen=True)
class Module:
    """One file of Python code."""

    path: str
    tree: ast.Module
    imports: Mapping[str, str]
    """The full name of each imported name, wherever the import stands: `Api` is `fastapi.FastAPI`."""
    level: int
    """The most dots that a relative import begins with."""

    @property
    def tops(self) -> frozenset[str]:
        """The first parts of the modules that it imports absolutely."""
        nodes = tuple(ast.walk(self.tree))
        plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        frm = {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
        return frozenset(name.partition(".")[0] for name in plain | frm)

    def at(self, node: ast.AST) -> str:
        """Return where a node stands, for people."""
        return f"{self.path}, line {getattr(node, 'lineno', 1)}"


def parse(path: str, text: str) -> Module | str:
    """Return a module, or a sentence why this text is none."""
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(text)
    except SyntaxError as error:
        return f"{path} was not read: line {error.lineno or 1} is not valid in Python {RUNNING} ({error.msg})"
    except (ValueError, RecursionError, MemoryError):
        return f"{path} was not read: it is not Python code"
    froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return Module(path, tree, _imports(tree), max((node.level for node in froms), default=0))


def _imports(tree: ast.Module) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                found[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom):
            origin = "." * node.level + (node.module or "")
            for alias in node.names:
                found[alias.asname or alias.name] = f"{origin}.{alias.name}" if node.module else origin + alias.name
    return found


def full_name(node: ast.AST | None, imports: Mapping[str, str]) -> str:
    """Return the dotted name of a name or attribute, through the imports; empty for any other expression."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([imports.get(node.id, node.id), *reversed(parts)])


def called(node: ast.AST | None, imports: Mapping[str, str]) -> str:
    """Return the full name of what is called; empty when nothing is."""
    return full_name(node.func, imports) if isinstance(node, ast.Call) else ""


def argument(call: ast.Call, position: int, *names: str) -> ast.expr | None:
    """Return an argument by its place (-1 for none) or one of its names."""
    named = next((one.value for one in call.keywords if one.arg in names), None)
    return call.args[position] if named is None and 0 <= position < len(call.args) else named


def statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield what runs when a module is imported, also inside if, try, with and loops; no bodies of functions."""
    waiting = list(body)[::-1]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            waiting += list(_inside(node))[::-1]


def _inside(node: ast.stmt) -> Iterator[ast.stmt]:
    main = isinstance(node, ast.If) and "__name__" in {
        name.id for name in ast.walk(node.test) if isinstance(name, ast.Name)
    }
    yield from () if main else getattr(node, "body", ())
    for handler in getattr(node, "handlers", ()):
        yield from handler.body
    for case in getattr(node, "cases", ()):
        yield from case.body
    yield from getattr(node, "orelse", ())
    yield from getattr(node, "finalbody", ())


def bindings(node: ast.stmt) -> tuple[list[str], ast.expr | None, ast.expr | None]:
    """Return the plain names that an assignment binds, its value, and its annotation."""
    if isinstance(node, ast.Assign):
        return [name.id for name in node.targets if isinstance(name, ast.Name)], node.value, None
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
        return [node.target.id], node.value, node.annotation
    return [], None, None


def constants(module: Module) -> dict[str, str]:
    """Return the strings and paths that names of a module stand for; `__file__` is its path in the project.

    An app is started in the project's own folder, so that a path from there and one beside the code are the same.
    """
    known = {"__file__": module.path}
    for node in statements(module.tree.body):
        names, value, _ = bindings(node)
        text = literal(value, module.imports, known)
        for name in names:
            known.pop(name, None)
            known.update({} if text is None else {name: text})
    return known


def literal(node: ast.AST | None, imports: Mapping[str, str], known: Mapping[str, str], deep: int = 0) -> str | None:
    """Return the string or path that an expression is, as far as it is one that only reading tells; else None."""
    if deep > DEEP:
        return None
    if isinstance(node, ast.Constant | ast.Name):
        found = known.get(node.id) if isinstance(node, ast.Name) else node.value
        return found if isinstance(found, str) else None
    if isinstance(node, ast.FormattedValue):
        plain = node.format_spec is None and node.conversion == -1
        return literal(node.value, imports, known, deep + 1) if plain else None
    inner, up = _moved(node, imports)
    if inner is not None:
        return _above(literal(inner, imports, known, deep + 1), up)
    parts, between = _parts(node, imports)
    texts = [literal(part, imports, known, deep + 1) for part in parts]
    whole = [text for text in texts if text is not None]
    if not parts or len(whole) < len(texts) or sum(map(len, whole)) > LONG:
        return None
    return posixpath.join(*whole) if between == "/" else "".join(whole)


def _moved(node: ast.AST | None, imports: Mapping[str, str]) -> tuple[ast.expr | None, int]:
    """Return the path that an expression starts from, and how many folders above it means; None when it is no such."""
    if isinstance(node, ast.Attribute) and node.attr == "parent":
        return node.value, 1
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute) and node.value.attr == "parents":
        up = node.slice.value if isinstance(node.slice, ast.Constant) else None
        return (node.value.value, up + 1) if isinstance(up, int) and up >= 0 else (None, 0)
    if not isinstance(node, ast.Call):
        return None, 0
    if called(node, imports) in SETTINGS and len(node.args) == len(("NAME", "default")):
        return node.args[1], 0
    if called(node, imports) in ABOVE | SAME and len(node.args) == 1:
        return node.args[0], int(called(node, imports) in ABOVE)
    method = isinstance(node.func, ast.Attribute) and node.func.attr in SAME_METHODS and not node.args
    return (node.func.value, 0) if method and isinstance(node.func, ast.Attribute) else (None, 0)


def _above(path: str | None, up: int) -> str | None:
    """Return a folder above a path; None for one outside of the project."""
    if path is None or not up:
        return path
    folders = PurePosixPath(path).parents
    return str(folders[up - 1]) if up <= len(folders) else None


def _parts(node: ast.AST | None, imports: Mapping[str, str]) -> tuple[list[ast.expr], str]:
    """Return the pieces that an expression puts together, and what it puts between them."""
    if isinstance(node, ast.JoinedStr):
        return node.values, ""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div | ast.Add):
        return [node.left, node.right], "/" if isinstance(node.op, ast.Div) else ""
    if isinstance(node, ast.Call) and called(node, imports) in {*PATHS, "os.path.join", "str", "os.fspath"}:
        return node.args, "/"
    return [], ""
