"""Which route of the app says that it is well, found as text.

A route's path begins with the prefixes of the routers that it is in, and these are put together in other modules than
the route's own: a router is known by its full name, wherever it is imported.
"""

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import NamedTuple

from .apps import absolute, location
from .code import Module, argument, bindings, called, constants, full_name, literal

NAMES = (
    "healthz",
    "health",
    "healthcheck",
    "livez",
    "alive",
    "live",
    "liveness",
    "ping",
    "status",
    "up",
    "ready",
    "readyz",
    "readiness",
)
"""How people call such a route, the most telling first: one for readiness asks the database, and fails with it."""
PLAIN = re.compile(r"/[A-Za-z0-9._~/-]*")

UNKNOWN = "{unknown}"
"""What only running tells; it makes a path that is none."""
FAR = 8
"""How many modules a name is followed through, and routers a router is in; what a person writes is nearer."""
INCLUDING: Mapping[str, tuple[int, tuple[int, str]]] = {
    "include_router": (0, (-1, "prefix")),
    "mount": (1, (0, "path")),
}
"""The place of what is included, and the place and name of its prefix."""


class Route(NamedTuple):
    """A route that answers GET."""

    path: str
    where: str


class Name(NamedTuple):
    """What something is called by every module: its import root, and its full name from there."""

    root: str
    full: str


@dataclass(frozen=True)
class Place:
    """A module with the name that others import it by."""

    module: Module
    name: Name
    known: Mapping[str, str]
    """Its constants."""

    def text(self, node: ast.expr | None) -> str | None:
        """Return the string that an expression is, if only reading tells."""
        return literal(node, self.module.imports, self.known)

    def called(self, node: ast.AST | None) -> Name:
        """Return what a name in this module, or an attribute of one, is called by every module."""
        plain = full_name(node, {})
        if plain.partition(".")[0] not in self.module.imports:
            return Name(self.name.root, f"{self.name.full}.{plain}")
        return Name(self.name.root, absolute(full_name(node, self.module.imports), self.module, self.name.full))


class Inclusion(NamedTuple):
    """A router or an app that is put into another one."""

    outer: Name
    inner: Name
    prefix: str
    of_a_router: bool


@dataclass(frozen=True)
class Tree:
    """Which router is in which."""

    routers: Mapping[Name, str]
    """Their own prefixes."""
    inclusions: Mapping[Name, Inclusion]
    """By what is included; of several the first."""
    all_known: bool
    """Whether each inclusion names a router that was found."""

    def prefix(self, name: Name, deep: int = 0) -> str:
        """Return what stands before the paths of a router or an app."""
        own, found = self.routers.get(name, ""), self.inclusions.get(name)
        if found is None:
            # One that nobody includes by its name may be included by a loop over all of them.
            return UNKNOWN if name in self.routers and not self.all_known else own
        return self.prefix(found.outer, deep + 1) + found.prefix + own if deep < FAR else UNKNOWN


def find(modules: Collection[Module], paths: AbstractSet[str]) -> tuple[Route, str]:
    """Return the best route, of several the one with the shortest path; `/`, and no place, when there is none.

    Beside it comes, for people, where another one stands of which only running tells the path, and what it ends in.
    """
    places = [Place(one, Name(*location(one, paths)), constants(one)) for one in modules]
    tree = _tree(places)
    found = [route for place in places for route in _routes(place, tree)]
    ranked = [(rank, len(route.path), number) for number, route in enumerate(found) for rank in _rank(route.path)]
    plain = [one for one in ranked if PLAIN.fullmatch(found[one[2]].path)]
    if plain:
        return found[min(plain)[2]], ""
    hidden = [found[number] for _, _, number in sorted(ranked) if UNKNOWN in found[number].path]
    return Route("/", ""), _hidden(hidden[0]) if hidden else ""


def _hidden(route: Route) -> str:
    last = route.path.rpartition(UNKNOWN)[2]
    return f"{route.where} ends in {last}"


def _rank(path: str) -> Iterator[int]:
    """Yield the place of a path's last part among the names, if it is one."""
    name = re.sub(r"[_-]", "", path.rstrip("/").rpartition("/")[2]).lower()
    yield from (place for place, one in enumerate(NAMES) if one == name)


# ------------------------------------------------------------------ routes


def _routes(place: Place, tree: Tree) -> Iterator[Route]:
    for call in _calls(place.module.tree):
        path = place.text(argument(call, 0, "path"))
        if path is not None and _answers_get(call):
            yield Route(tree.prefix(place.called(_owner(call))) + path, place.module.at(call))


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


def _owner(call: ast.Call) -> ast.expr | None:
    return call.func.value if isinstance(call.func, ast.Attribute) else None


def _answers_get(call: ast.Call) -> bool:
    methods = argument(call, -1, "methods")
    if not isinstance(methods, ast.List | ast.Tuple | ast.Set):
        return True
    return any(isinstance(one, ast.Constant) and str(one.value).upper() == "GET" for one in methods.elts)


# ------------------------------------------------------------------ routers


def _tree(places: Collection[Place]) -> Tree:
    routers = {name: prefix for place in places for name, prefix in _routers(place)}
    modules = {place.name: place for place in places}
    inclusions: dict[Name, Inclusion] = {}
    all_known = True
    for one in (one for place in places for one in _inclusions(place)):
        inner = _origin(one.inner, routers, modules)
        all_known = all_known and (inner in routers or not one.of_a_router)
        inclusions.setdefault(inner, one._replace(outer=_origin(one.outer, routers, modules)))
    return Tree(routers, inclusions, all_known)


def _routers(place: Place) -> Iterator[tuple[Name, str]]:
    """Yield the routers that a module makes, also inside of functions, with their prefixes."""
    for node in ast.walk(place.module.tree):
        names, value, _ = bindings(node) if isinstance(node, ast.stmt) else ([], None, None)
        if isinstance(value, ast.Call) and called(value, place.module.imports).endswith("Router"):
            prefix = _prefix(argument(value, -1, "prefix"), place)
            yield from ((Name(place.name.root, f"{place.name.full}.{name}"), prefix) for name in names)


def _inclusions(place: Place) -> Iterator[Inclusion]:
    for node in ast.walk(place.module.tree):
        if isinstance(node, ast.Call) and _method(node) in INCLUDING:
            inner, prefix = INCLUDING[_method(node)]
            yield Inclusion(
                place.called(_owner(node)),
                place.called(argument(node, inner, "router", "app")),
                _prefix(argument(node, *prefix), place),
                _method(node) == "include_router",
            )


def _origin(name: Name, routers: Mapping[Name, str], modules: Mapping[Name, Place]) -> Name:
    """Return the name of a router where it is made, through the modules that only import it."""
    for _ in range(FAR):
        where, _, last = name.full.rpartition(".")
        place = modules.get(Name(name.root, where))
        if name in routers or place is None or last not in place.module.imports:
            break
        name = Name(name.root, absolute(place.module.imports[last], place.module, where))
    return name


def _prefix(node: ast.expr | None, place: Place) -> str:
    """Return a prefix; one that only running tells makes a path that is none."""
    text = place.text(node)
    return "" if node is None else UNKNOWN if text is None else text
