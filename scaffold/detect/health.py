"""Which route of the app says that it is well, found as text."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from .code import Module, argument, bindings, called, constants, literal, statements

NAMES = (
    "healthz",
    "health",
    "healthcheck",
    "livez",
    "alive",
    "ping",
    "status",
    "up",
    "ready",
    "readyz",
    "liveness",
    "readiness",
)
"""How people call such a route, the most telling first."""
PLAIN = re.compile(r"/[A-Za-z0-9._~/-]*")

INCLUDING: Mapping[str, tuple[int, tuple[int, str]]] = {
    "include_router": (0, (-1, "prefix")),
    "mount": (1, (0, "path")),
}
"""The place of what is included, and the place and name of its prefix."""


class Route(NamedTuple):
    """A route that answers GET."""

    path: str
    where: str


def find(modules: Iterable[Module]) -> Route:
    """Return the best route, of several the one with the shortest path; `/`, and no place, when there is none."""
    found = [route for module in modules for route in _routes(module) if PLAIN.fullmatch(route.path)]
    ranked = [(rank, len(route.path), place) for place, route in enumerate(found) for rank in _rank(route.path)]
    return found[min(ranked)[2]] if ranked else Route("/", "")


def _rank(path: str) -> Iterator[int]:
    """Yield the place of a path's last part among the names, if it is one."""
    name = re.sub(r"[_-]", "", path.rstrip("/").rpartition("/")[2]).lower()
    yield from (place for place, one in enumerate(NAMES) if one == name)


def _routes(module: Module) -> Iterator[Route]:
    known = constants(module)
    prefixes = _prefixes(module, known)
    for call in _calls(module.tree):
        path = literal(argument(call, 0, "path"), module.imports, known)
        if path is not None and _answers_get(call):
            yield Route(prefixes.get(_owner(call), "") + path, module.at(call))


def _calls(tree: ast.Module) -> Iterator[ast.Call]:
    """Yield the calls that add a route: decorators, and `add_api_route`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from (
                one for one in node.decorator_list if isinstance(one, ast.Call) and _method(one) in {"get", "api_route"}
            )
        if isinstance(node, ast.Call) and _method(node) == "add_api_route":
            yield node


def _method(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _owner(call: ast.Call) -> str:
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    return owner.id if isinstance(owner, ast.Name) else ""


def _answers_get(call: ast.Call) -> bool:
    methods = argument(call, -1, "methods")
    if not isinstance(methods, ast.List | ast.Tuple | ast.Set):
        return True
    return any(isinstance(one, ast.Constant) and str(one.value).upper() == "GET" for one in methods.elts)


def _prefixes(module: Module, known: Mapping[str, str]) -> dict[str, str]:
    """Return what stands before the routes of each router or app that this module makes or includes."""
    found: dict[str, str] = {}
    for statement in statements(module.tree.body):
        names, value, _ = bindings(statement)
        if isinstance(value, ast.Call) and called(value, module.imports).endswith("APIRouter"):
            found.update(dict.fromkeys(names, _prefix(argument(value, -1, "prefix"), module, known)))
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and _method(node) in INCLUDING:
            inner, prefix = INCLUDING[_method(node)]
            target = argument(node, inner, "router", "app")
            own = _prefix(argument(node, *prefix), module, known)
            if isinstance(target, ast.Name):
                found[target.id] = found.get(_owner(node), "") + own + found.get(target.id, "")
    return found


def _prefix(node: ast.expr | None, module: Module, known: Mapping[str, str]) -> str:
    """Return a prefix; one that only running tells makes a path that is none."""
    text = literal(node, module.imports, known)
    return "" if node is None else "{unknown}" if text is None else text
