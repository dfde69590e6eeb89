"""The person's own files that the stack's have to live with."""

import re
from collections.abc import Mapping
from typing import Any

import yaml

from ..answers import YAML_ERRORS
from ..source import Source

COMPOSE_FILES = tuple(
    f"{name}{middle}.{suffix}"
    for name in ("compose", "docker-compose")
    for middle in ("", ".override")
    for suffix in ("yaml", "yml")
)
"""What Compose reads in a folder by itself: beside ours any of them would be merged, or refused."""
ASIDE = ".before-stack"
"""What the name of a file ends in that had to make room."""
BEGIN, END = "# >>> stack: what differs from server to server", "# <<< stack"


def in_the_way(source: Source, answers: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the files that have to be set aside for the stack's own, in order."""
    dockerfile = ["Dockerfile"] if answers.get("dockerfile", "replace") == "replace" else []
    return tuple(name for name in (*COMPOSE_FILES, *dockerfile) if name in source.files)


def left_behind(name: str, text: str) -> str:
    """Return a sentence about what a Compose file that is set aside had; empty when nothing can be told."""
    try:
        names = ", ".join(map(str, (yaml.safe_load(text) or {}).get("services") or ()))
    except YAML_ERRORS:
        return ""
    return f"{name}: its services ({names}) and their settings are not part of the stack" if names else ""


def unfit(env: str) -> str:
    """Return why Compose could not live with an .env; empty when it can, as far as its lines tell."""
    for number, raw in enumerate(env.splitlines(), 1):
        name, equals, _ = raw.strip().removeprefix("export ").partition("=")
        if name in {"COMPOSE_FILE", "COMPOSE_PROJECT_NAME"}:
            return f"line {number} sets {name}, which leads Compose elsewhere"
        if equals and not name.startswith("#") and re.search(r"\s", name.strip()):
            return f"line {number} has a space in a name"
        if not equals and re.fullmatch(r"[^#'\"]+\s[^#'\"]+", raw.strip()):
            return f"line {number} is no NAME=VALUE"
    return ""


def with_block(existing: str, ours: str) -> str:
    """Return somebody's .env with the stack's lines at its end, marked; unchanged when they are there."""
    if BEGIN in existing:
        return existing
    gap = "" if not existing or existing.endswith("\n") else "\n"
    return f"{existing}{gap}\n{BEGIN}\n{ours.rstrip()}\n{END}\n"


def with_patterns(theirs: str, ours: str) -> str:
    """Return one list of what stays out of the image: theirs first, so that ours has the last word.

    Entry point and healthcheck are let in again: a list that begins with `*` would keep them out.
    """
    again = "!container/entrypoint.py\n!container/healthcheck.py"
    return f"# From .dockerignore\n{theirs.rstrip()}\n\n{ours.rstrip()}\n{again}\n"
