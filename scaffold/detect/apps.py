"""Where the FastAPI app is.

The places, their order, the import root and the object's name are those of `fastapi run`: fastapi-cli 0.0.34,
`discover.py` and `config.py`. Two things differ, because nothing is imported here: a folder without __init__.py counts
as a package when the code imports from it by its name, or relatively; and `app` or `api` bound to some other call or
import is taken for the app when nothing better is there.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from importlib.util import resolve_name
from pathlib import PurePosixPath

from ..source import Candidate
from .code import Module, argument, bindings, called, full_name, statements

PREFERRED = ("app", "api")
STEMS = ("main.py", "app.py", "api.py")
PLACES = (*STEMS, *(f"app/{stem}" for stem in STEMS))
FASTAPI = frozenset({"fastapi.FastAPI", "fastapi.applications.FastAPI"})
OTHERS = frozenset({"APIRouter", "Blueprint", "Celery", "Dash", "Flask", "QApplication", "Quart", "Typer"})
"""What else people call `app` or `api`, and what no ASGI server can serve."""
SURE, LIKELY, FACTORY = "app", "likely", "factory"


@dataclass(frozen=True)
class Sight:
    """A name in a module that is, or may be, an app."""

    name: str
    line: int
    kind: str


def search(modules: Mapping[str, Module], paths: AbstractSet[str]) -> tuple[tuple[Candidate, ...], tuple[str, ...]]:
    """Return the apps that were found, the best place first, and the places that were looked at."""
    near = [path for path in places(paths) if path in modules]
    far = [path for path in modules if path not in near]
    looked = (*PLACES, *(path for path in near if path not in PLACES), *_others(len(far)))
    for group, kinds in ((near, (SURE, LIKELY, FACTORY)), (far, (SURE, FACTORY))):
        sights = [(modules[path], inspect(modules[path])) for path in group]
        for kind in kinds:
            wanted = [(module, [one for one in seen if one.kind == kind]) for module, seen in sights]
            if any(seen for _, seen in wanted):
                return _served(wanted, modules, paths), looked
    return (), looked


def places(paths: AbstractSet[str]) -> tuple[str, ...]:
    """Return where an app is expected, in order, whether or not there is such a file."""
    below = sorted({path.split("/")[1] for path in paths if path.startswith("src/") and path.count("/") > 1})
    packages = sorted(path.removesuffix("/__init__.py") for path in paths if path.count("/") == 1 and "/__init" in path)
    return tuple(
        dict.fromkeys(
            (
                *PLACES,
                *(f"src/{place}" for place in PLACES),
                *(f"src/{package}/{stem}" for package in below for stem in (*STEMS, "__init__.py")),
                *(f"{package}/{stem}" for package in packages for stem in STEMS),
            )
        )
    )


def _others(count: int) -> tuple[str, ...]:
    return (f"{count} other Python file{'s' if count > 1 else ''}",) if count else ()


def _served(
    seen: Sequence[tuple[Module, Sequence[Sight]]], modules: Mapping[str, Module], paths: AbstractSet[str]
) -> tuple[Candidate, ...]:
    """Return the apps, without those that are mounted onto another, and of one module the one with the usual name."""
    mounted = {name for module in modules.values() for name in _mounted(module, paths)}
    alone = [(module, _without(mounted, module, sights, paths)) for module, sights in seen]
    left = alone if any(sights for _, sights in alone) else seen
    return tuple(_candidate(module, one, paths) for module, sights in left for one in _best(sights))


def _without(
    mounted: AbstractSet[str], module: Module, sights: Sequence[Sight], paths: AbstractSet[str]
) -> Sequence[Sight]:
    dotted = location(module, paths)[1]
    return [one for one in sights if f"{dotted}.{one.name}" not in mounted]


def _candidate(module: Module, sight: Sight, paths: AbstractSet[str]) -> Candidate:
    folder, dotted = location(module, paths)
    where = f"{module.path}, line {sight.line}"
    return Candidate(f"{dotted}:{sight.name}", folder, where, factory=sight.kind == FACTORY)


def _best(sights: Sequence[Sight]) -> Sequence[Sight]:
    """Return the one with the usual name, else all."""
    return next(([one] for name in PREFERRED for one in sights if one.name == name), sights)


# ------------------------------------------------------------------ one module


def inspect(module: Module) -> tuple[Sight, ...]:
    """Return the names of a module that are, or may be, apps; each once, at the line that made it one."""
    body = tuple(statements(module.tree.body))
    makers = set(FASTAPI)
    for node in body:
        if _makes(node, module, makers):
            makers.add(getattr(node, "name", ""))
    found: dict[str, Sight] = {}
    for node in body:
        for sight in _sights(node, module, makers):
            if sight.name not in found or found[sight.name].kind != SURE:
                found[sight.name] = sight
    return tuple(found.values())


def _sights(node: ast.stmt, module: Module, makers: AbstractSet[str]) -> Iterator[Sight]:
    if isinstance(node, ast.FunctionDef) and node.name in makers and _callable(node):
        yield Sight(node.name, node.lineno, FACTORY)
    if isinstance(node, ast.ImportFrom):
        names = [alias.asname or alias.name for alias in node.names]
        yield from (Sight(name, node.lineno, LIKELY) for name in names if name in PREFERRED)
    names, value, annotation = bindings(node)
    sure = called(value, module.imports) in makers or _named(annotation, module) in FASTAPI
    likely = isinstance(value, ast.Call) and called(value, module.imports).rpartition(".")[2] not in OTHERS
    for name in names:
        if sure or (likely and name in PREFERRED):
            yield Sight(name, node.lineno, SURE if sure else LIKELY)


def _makes(node: ast.stmt, module: Module, makers: AbstractSet[str]) -> bool:
    """Tell whether calling what a statement defines gives an app."""
    if isinstance(node, ast.ClassDef):
        return any(full_name(base, module.imports) in makers for base in node.bases)
    return isinstance(node, ast.FunctionDef) and (
        _named(node.returns, module) in makers or _returns(node, module, makers)
    )


def _returns(node: ast.FunctionDef, module: Module, makers: AbstractSet[str]) -> bool:
    inner = tuple(one for one in ast.walk(node) if isinstance(one, ast.stmt))
    built = {name for one in inner for name in bindings(one)[0] if called(bindings(one)[1], module.imports) in makers}
    returned = [one.value for one in inner if isinstance(one, ast.Return)]
    return any(
        called(value, module.imports) in makers or (isinstance(value, ast.Name) and value.id in built)
        for value in returned
    )


def _named(annotation: ast.expr | None, module: Module) -> str:
    """Return the full name of a type, also of one in quotes."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        top, dot, rest = annotation.value.partition(".")
        return module.imports.get(top, top) + dot + rest
    return full_name(annotation, module.imports)


def _callable(node: ast.FunctionDef) -> bool:
    """Tell whether `uvicorn --factory` can call a function: it passes nothing."""
    wanted = len(node.args.posonlyargs + node.args.args) - len(node.args.defaults)
    return not node.name.startswith("_") and wanted <= 0 and None not in node.args.kw_defaults


def _mounted(module: Module, paths: AbstractSet[str]) -> Iterator[str]:
    """Yield the full names of what a module mounts onto an app."""
    dotted = location(module, paths)[1]
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "mount":
            target = argument(node, 1, "app")
            name = full_name(target, module.imports)
            own = isinstance(target, ast.Name) and target.id not in module.imports
            yield f"{dotted}.{name}" if own else absolute(name, module, dotted)


def absolute(name: str, module: Module, dotted: str) -> str:
    """Return a relative name in full, as a module of that dotted name imports it."""
    package = dotted if module.path.endswith("__init__.py") else dotted.rpartition(".")[0]
    try:
        return resolve_name(name, package) if name.startswith(".") else name
    except ImportError:
        return name


# ------------------------------------------------------------------ import root and module


def location(module: Module, paths: AbstractSet[str]) -> tuple[str, str]:
    """Return the folder that has to be on sys.path, and the module's dotted name from there."""
    path = PurePosixPath(module.path)
    folders = path.parts[:-1]
    depth = len(folders)
    while depth and "/".join((*folders[:depth], "__init__.py")) in paths and folders[depth - 1].isidentifier():
        depth -= 1
    depth = max(0, min(depth, len(folders) - module.level))
    root = "/".join(folders[:depth])
    outer = [place for place, name in enumerate(folders[:depth]) if name in module.tops and not _has(root, name, paths)]
    depth = min([depth, *outer])
    names = folders[depth:] if path.name == "__init__.py" else (*folders[depth:], path.stem)
    return "/".join(folders[:depth]) or ".", ".".join(names)


def _has(root: str, name: str, paths: AbstractSet[str]) -> bool:
    """Tell whether a folder holds a module or package of that name."""
    start = f"{root}/{name}" if root else name
    return f"{start}.py" in paths or any(path.startswith(f"{start}/") for path in paths)
