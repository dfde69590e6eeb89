"""The lines that `docker compose logs --timestamps` prints: whose, when, and what a person can read of them."""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from . import durations
from .errors import WrongInput
from .project import APP, PROXY, Project

STAMP = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z"
SAID = re.compile(rb"(?:\x1b\[2K)?(\S+) +\| (" + STAMP + rb") ?(.*)", re.DOTALL)
"""Compose 2.26 clears a line before each that it writes, on a pipe, too."""
ENDED = re.compile(rb"(\S+) (exited with code \d+.*)")
"""What Compose says of a container while it follows."""
PIECE = 16384
"""Bytes after which the engine begins another entry of a line, with a stamp of its own, that is one line here."""
AGAIN = re.compile(STAMP + rb" ")
COLOURS = re.compile("\x1b\\[[0-9;:]*m")
ODD = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""What moves the cursor, speaks to the terminal or turns the direction of writing; a tab does no harm."""
NOT_FOUND, GATEWAY = 404, {502, 503, 504}
"""What Traefik says itself when an app does not answer; 499 is a visitor who has gone."""
ABOUT = ("routerName", "middlewareName", "serviceName", "certificateResolver", "providerName", "entryPointName")
"""What an entry of Traefik's names that it is about; the first that it has is shown."""


@dataclass(frozen=True)
class Line:
    """One line."""

    at: datetime | None
    """None of what Compose says itself."""
    service: str
    """Empty of what Compose says itself."""
    number: int
    """Which of the service's containers; 0 where that cannot be told."""
    text: str
    """What a person can read, on any terminal."""
    entry: Mapping[str, Any] = field(default_factory=dict)
    """What Traefik wrote, when it is that."""


def parse(raw: bytes, services: Collection[str]) -> Line:
    """Return a line of Compose's output, without its end."""
    if found := SAID.fullmatch(raw):
        service, number = _whose(found[1].decode(errors="replace"), services)
        at = datetime.fromisoformat(found[2].decode())
        return _told(Line(at, service, number, _whole(found[3]).decode(errors="replace")))
    if found := ENDED.fullmatch(raw):
        service, number = _whose(found[1].decode(errors="replace"), services)
        return Line(None, service, number, clean(found[2].decode(errors="replace")))
    return Line(None, "", 0, clean(raw.decode(errors="replace")))


def merged(lines: Iterable[Line]) -> list[Line]:
    """Return lines in the order in which they were written; what Compose says itself comes first."""
    return sorted(lines, key=lambda one: one.at or datetime.min.replace(tzinfo=UTC))


def clean(text: str) -> str:
    """Return a text that can do nothing to a terminal: without its colours, and with the rest written out."""
    return ODD.sub(_written_out, COLOURS.sub("", text.rstrip("\r")))


def since(text: str, now: datetime) -> datetime:
    """Return the moment that a person means: 10m, 1h30m, or a date and time; WrongInput for anything else."""
    try:
        if durations.is_duration(text):
            return now - timedelta(seconds=durations.seconds(text))
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise WrongInput(
            f"--since {text!r} is no time", hint="such as 10m, 2h, 2026-08-01 or 2026-08-01T12:00:00Z"
        ) from error


def _whose(name: str, services: Collection[str]) -> tuple[str, int]:
    """Return service and number of what Compose calls a container: its name, without the project's."""
    service, _, number = name.rpartition("-")
    return (service, int(number)) if service in services and number.isdigit() else (name, 0)


def _whole(text: bytes) -> bytes:
    """Return a long line without the stamps that the engine has put between its pieces."""
    whole = b""
    while found := AGAIN.match(text, PIECE):
        whole, text = whole + text[:PIECE], text[found.end() :]
    return whole + text


def _told(line: Line) -> Line:
    """Return a line with what can be read of it; Traefik's are JSON, and what is broken stays as it is."""
    entry = _entry(line.text) if line.service == PROXY else {}
    said = readable(entry) if entry else line.text
    return replace(line, text=clean(said), entry=entry)


def _entry(text: str) -> Mapping[str, Any]:
    if not text.startswith("{"):
        return {}
    try:
        return dict(json.loads(text))
    except (ValueError, TypeError, RecursionError):
        return {}


def readable(entry: Mapping[str, Any]) -> str:
    """Return an entry of Traefik's log as one line: a request, or a level with its message and its error."""
    return _request(entry) if "RequestMethod" in entry else _message(entry)


def _request(entry: Mapping[str, Any]) -> str:
    client, method, host, path, status = (
        entry.get(name, "-")
        for name in ("ClientHost", "RequestMethod", "RequestHost", "RequestPath", "DownstreamStatus")
    )
    spent = entry.get("Duration")
    milliseconds = f" {spent / 1e6:.0f} ms" if isinstance(spent, int | float) else ""
    return f"{client} {method} {host}{path} {status}{milliseconds}{'' if entry.get('RouterName') else ', no router'}"


def _message(entry: Mapping[str, Any]) -> str:
    said = ": ".join(" ".join(str(entry[name]).split()) for name in ("message", "error") if entry.get(name))
    about = next((f" ({name}={entry[name]})" for name in ABOUT if entry.get(name)), "")
    return f"{entry.get('level', '-')} {said or json.dumps(entry, ensure_ascii=False)}{about if said else ''}"


def _written_out(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"  # noqa: PLR2004 - two digits


@dataclass(frozen=True)
class Traffic:
    """What came to Traefik for an app; None where that cannot be told."""

    requests: int | None
    lost: int | None
    """Those that no container of the app has answered, though the visitor waited."""


def traffic(entries: Iterable[Mapping[str, Any]], project: Project) -> Traffic:
    """Return what Traefik's access log tells of an app's requests."""
    asked = [one for one in entries if "DownstreamStatus" in one and _ours(one, project)]
    return Traffic(len(asked), sum(map(_lost, asked)))


def _ours(entry: Mapping[str, Any], project: Project) -> bool:
    """Tell whether a request was for the app: by its router, or by its host while no router knew it."""
    router = str(entry.get("RouterName", ""))
    if router:
        return router == f"{project.name}-{APP}@docker"
    host = str(entry.get("RequestHost", ""))
    return host in project.canonical and entry.get("entryPointName") == ("web" if project.external else "websecure")


def _lost(entry: Mapping[str, Any]) -> bool:
    if not entry.get("RouterName"):
        return bool(entry["DownstreamStatus"] == NOT_FOUND)
    return bool(not entry.get("OriginStatus") and entry["DownstreamStatus"] in GATEWAY)
