"""Poetry's version constraints as PEP 440 writes them.

Rules: Poetry's documentation, "Dependency specification": caret and tilde requirements, wildcards, `||`.
"""

import re
from collections.abc import Callable

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version


def alternatives(constraint: str) -> tuple[SpecifierSet, ...] | None:
    """Return the specifiers of which one has to be met; None for a constraint that cannot be read."""
    try:
        return tuple(_specifiers(one) for one in re.split(r"\s*\|\|?\s*", constraint.strip()))
    except (InvalidSpecifier, InvalidVersion):
        return None


def _specifiers(constraint: str) -> SpecifierSet:
    # `>= 3.9` is one constraint, `>=3.9 <4` are two.
    close = re.sub(r"([<>=!~^])\s+", r"\1", constraint)
    return SpecifierSet(",".join(_plain(part) for part in re.split(r"[,\s]+", close) if part))


def _plain(part: str) -> str:
    if part == "*":
        return ""
    if part.startswith("^"):
        return _between(part[1:], _caret)
    if part.startswith("~") and not part.startswith("~="):
        return _between(part[1:], _tilde)
    if re.match(r"v?\d", part):
        return f"=={part}"
    return re.sub(r"^=(?=[^=])", "==", part)


def _between(lowest: str, above: Callable[[list[int]], list[int]]) -> str:
    release = list(Version(lowest).release)
    return f">={lowest},<{'.'.join(map(str, above(release)))}"


def _caret(release: list[int]) -> list[int]:
    """Return the first version that changes the left-most number that is not zero."""
    place = next((place for place, number in enumerate(release) if number), len(release) - 1)
    return [*release[:place], release[place] + 1]


def _tilde(release: list[int]) -> list[int]:
    """Return the next minor version; the next major one when only that was named."""
    return [release[0], release[1] + 1] if len(release) > 1 else [release[0] + 1]
