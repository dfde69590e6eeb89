"""Whether an import string names something, as far as text can tell."""

import ast
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path, PurePosixPath

from ..server import IMPORT
from ..source import Candidate
from .apps import SURE, inspect
from .code import Module, parse, statements
from .folder import read, text
from .locks import Table, table

ENTRYPOINT = "[tool.fastapi] entrypoint in pyproject.toml"


def names(folder: Path, app: str, root: str) -> str:
    """Return what `detect.names` promises."""
    if not IMPORT.fullmatch(app):
        return f"{app!r} is no import string such as app.main:app"
    dotted, _, attribute = app.partition(":")
    places = files(dotted)
    place = next((one for one in places if (folder / root / one).is_file()), None)
    if place is None:
        return f"there is no {' or '.join(places)}{'' if root == '.' else f' in {root}'}"
    path = (PurePosixPath(root) / place).as_posix()
    content, problem = text(folder / path, path)
    module = problem or parse(path, content)
    # A file that cannot be read says nothing against the name: it may be written for a newer Python than ours.
    return "" if isinstance(module, str) else _defines(module, attribute.partition(".")[0])


def declared(folder: Path, document: Table) -> tuple[Candidate | None, str]:
    """Return the app that `[tool.fastapi] entrypoint` names, if any, or a sentence why what it names is none."""
    entrypoint = table(document, "tool", "fastapi").get("entrypoint")
    if entrypoint is None:
        return None, ""
    if not isinstance(entrypoint, str) or not IMPORT.fullmatch(entrypoint):
        return None, f"{ENTRYPOINT} is {entrypoint!r}, which is no import string such as 'app.main:app'"
    # `fastapi run` puts the working directory on sys.path, and nothing else: fastapi-cli 0.0.34, discover.py.
    return Candidate(entrypoint, _usual(folder, entrypoint) or ".", ENTRYPOINT), ""


def files(dotted: str) -> tuple[str, str]:
    """Return the two files that a module may be, relative to its import root."""
    start = dotted.replace(".", "/")
    return f"{start}.py", f"{start}/__init__.py"


def root_of(folder: Path, app: str) -> str | None:
    """Return what `detect.root_of` promises."""
    return _usual(folder, app) or _nearest(app.partition(":")[0], read(folder).paths)


def _usual(folder: Path, app: str) -> str | None:
    places = files(app.partition(":")[0])
    return next((root for root in (".", "src") for one in places if (folder / root / one).is_file()), None)


def _nearest(dotted: str, paths: AbstractSet[str]) -> str | None:
    wanted = files(dotted)
    found = {
        path.removesuffix(one).removesuffix("/") or "."
        for path in paths
        for one in wanted
        if path == one or path.endswith(f"/{one}")
    }
    return min(found, key=lambda root: (root.count("/"), root), default=None)


def _defines(module: Module, name: str) -> str:
    bound = set(_bound(module.tree))
    if bound & {name, "*", "__getattr__"}:
        return ""
    apps = [one.name for one in inspect(module) if one.kind == SURE]
    return f"{module.path} defines no `{name}`{_instead(apps)}"


def _instead(apps: Sequence[str]) -> str:
    one = len(apps) == 1
    return f"; it defines the FastAPI app{'' if one else 's'} {', '.join(f'`{app}`' for app in apps)}" if apps else ""


def _bound(tree: ast.Module) -> Iterator[str]:
    """Yield the names that a module has once it is imported, and `*` for those that nobody can tell."""
    for node in statements(tree.body):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)
        else:
            yield from (
                one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
            )
    yield from (name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names)
