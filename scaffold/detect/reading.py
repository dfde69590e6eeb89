"""All that is read of a folder, put together."""

from functools import partial
from pathlib import Path
from typing import Any

import yaml

from ..answers import NOTE, YAML_ERRORS
from ..source import Source
from . import apps, code, dependencies, folder, health, recipe, writings
from .naming import ENTRYPOINT, declared


def look(root: Path) -> Source:
    """Return what `detect.look` promises."""
    seen = folder.read(root)
    parsed = [code.parse(path, text) for path, text in seen.texts.items() if path.endswith(".py")]
    modules = {one.path: one for one in parsed if isinstance(one, code.Module)}
    load = partial(folder.load, root)
    document, problem = (
        dependencies.toml(load, dependencies.PROJECT) if dependencies.PROJECT in seen.files else ({}, "")
    )
    entrypoint, unfit = declared(root, document)
    candidates, looked = ((entrypoint,), ()) if entrypoint else apps.search(modules, seen.paths)
    needs = dependencies.read(load, seen.files)
    route, hidden = health.find(modules.values(), seen.paths)
    complaints = (*seen.notes, *(one for one in parsed if isinstance(one, str)), problem, unfit)
    return Source(
        files=seen.files,
        paths=seen.paths,
        python=bool(needs) or any(path.endswith(".py") for path in seen.paths),
        candidates=candidates,
        looked=(ENTRYPOINT, *looked),
        dependencies=needs,
        writings=writings.find(modules.values()),
        health_path=route.path,
        health_where=route.where,
        health_hidden=hidden,
        recipe=recipe.read(load("Dockerfile")) if "Dockerfile" in seen.files else None,
        note=_note(load(NOTE)) if NOTE in seen.files else None,
        notes=tuple(one for one in complaints if one and not (needs and one in needs.problems)),
    )


def _note(text: str | None) -> dict[str, Any]:
    """Return what Copier's note says; nothing where it is no list of answers."""
    try:
        document = yaml.safe_load(text or "")
    except YAML_ERRORS:
        return {}
    return document if isinstance(document, dict) else {}
