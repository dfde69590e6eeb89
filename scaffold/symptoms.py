"""What an app's last words mean, where they are known to puzzle people."""

import re
from collections.abc import Iterable

READ_ONLY = re.compile(r"Read-only file system: b?['\"]([^'\"]+)['\"]")
"""How Python names the path: OSError with EROFS."""
DENIED = re.compile(r"Permission denied: b?['\"]([^'\"]+)['\"]")
"""PermissionError."""
SQLITE = re.compile(r"unable to open database file|attempt to write a readonly database")
"""SQLite's SQLITE_CANTOPEN and SQLITE_READONLY, which name no path."""
UNSET = re.compile(r"KeyError: '([A-Z][A-Z0-9_]+)'|validation errors? for (\w*(?:Settings|Config)\w*)")
"""A variable that os.environ lacks, or settings of pydantic's that do: pydantic-settings 2."""


def unwritable(lines: Iterable[str]) -> str:
    """Return what an app could not write, as a log tells it; empty when the log tells no such thing."""
    text = "\n".join(lines)
    if found := READ_ONLY.findall(text):
        return str(found[-1])
    return "its SQLite file" if SQLITE.search(text) else ""


def advice(lines: Iterable[str]) -> str:
    """Return what to do about an app's last words; empty when they are none of those that are known."""
    text = "\n".join(lines)
    if path := unwritable([text]):
        return (
            f"the app writes {path}, and its disk is read-only: keep that path in a volume, with "
            '`stack update --data data="PATHS"` (all such paths), or write to /tmp'
        )
    if unset := UNSET.search(text):
        name = unset[1] or f"what {unset[2]} reads"
        return (
            f"the app misses {name} in its environment, and does not see .env: name it under `environment:` in"
            " compose.app.yaml, such as NAME: ${NAME} for one that .env has"
        )
    if denied := DENIED.findall(text):
        return f"the app's user may not use {denied[-1]}: look at its owner and mode, in the image or in the volume"
    return ""
