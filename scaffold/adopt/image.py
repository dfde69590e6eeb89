"""Which file of a project lies where in the image that a Dockerfile makes."""

import posixpath
from collections import Counter
from collections.abc import Set as AbstractSet
from fnmatch import fnmatch

from ..source import Recipe


def inside(recipe: Recipe, files: AbstractSet[str], home: str) -> dict[str, str]:
    """Return the project's file at each path of the image; relative targets are relative to `home`."""
    found: dict[str, str] = {}
    for source, target in recipe.copies:
        start, place = posixpath.normpath(source).lstrip("/"), posixpath.normpath(posixpath.join(home, target))
        for path in sorted(files):
            if path == start or ("*" in start and path.count("/") == start.count("/") and fnmatch(path, start)):
                folder = target.endswith("/") or place == home
                found[posixpath.join(place, posixpath.basename(path)) if folder else place] = path
            elif start == "." or path.startswith(f"{start}/"):
                found[posixpath.join(place, path.removeprefix(f"{start}/"))] = path
    return found


def counterpart(recipe: Recipe, files: AbstractSet[str], home: str) -> str:
    """Return the folder of the project that most of what lies in a folder of the image comes from; `.` by default."""
    found = Counter(
        path.removesuffix(rest).rstrip("/") or "."
        for where, path in inside(recipe, files, home).items()
        for rest in [posixpath.relpath(where, home)]
        if f"/{path}".endswith(f"/{rest}")
    )
    return next((folder for folder, _ in found.most_common(1)), ".")
