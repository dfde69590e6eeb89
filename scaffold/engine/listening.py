"""What containers of the app tell about themselves: in their log, and of process 1."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from docker import DockerClient
from docker.errors import APIError, NotFound

from ..facts import Confinement, Container, Deaths

LINES = 20_000
"""How much of a log is read, from its end: 0.2 s of the engine's time. All of one of 2 x 10 MB takes 2 s."""
DRAINING = timedelta(seconds=60)
"""How long a worker may take from the word that its time is over to its end."""
LEVEL = r"^\S+ (?:[^A-Za-z]*(?:INFO|WARNING)[^A-Za-z]*|\{.*\"(?:message|msg|event)\": ?\")"
"""What a server writes before its words, plainly or as JSON: a visitor's words stand behind something else."""
DIED = re.compile(
    rf"{LEVEL}(?P<uvicorn>Child process \[\d+\] died)\b"
    r"|^\S+ \S+ \S+ \[alert\] \d+#\d+: (?P<nginx>worker process \d+ exited on signal \d+)"
)
"""What Uvicorn and nginx write. Uvicorn 0.54: `supervisors/multiprocess.py`, keep_subprocess_alive."""
RETIRED = re.compile(rf"{LEVEL}Maximum request limit of \d+ exceeded")
"""What a worker of Uvicorn's writes before it ends as it was told to, by --limit-max-requests: `server.py`."""


def deaths(client: DockerClient, containers: Iterable[Container], since: datetime) -> tuple[Deaths, ...]:
    """Return what containers wrote since a moment about workers that died; nothing of one whose log cannot be read."""
    found = []
    for one in containers:
        try:
            log = client.api.logs(one.id, since=(since - DRAINING).timestamp(), tail=LINES, timestamps=True)
        except (APIError, NotFound):
            continue
        found.append(died(one.name, log.decode(errors="replace").splitlines(), since))
    return tuple(found)


def died(container: str, lines: list[str], since: datetime) -> Deaths:
    """Return the deaths in a log whose lines begin with their moment; a worker that had served its time is none."""
    words = []
    retired = 0
    for line in lines:
        if RETIRED.search(line):
            retired += 1
        elif found := DIED.search(line):
            moment = _moment(line, since)
            if not retired and moment >= since:
                words.append(f"{found['uvicorn'] or found['nginx']}, {moment:%H:%M:%S} UTC")
            retired = max(0, retired - 1)
    return Deaths(container, tuple(words), _moment(lines[0], since) if len(lines) >= LINES else since)


def _moment(line: str, otherwise: datetime) -> datetime:
    try:
        return datetime.fromisoformat(line.partition(" ")[0])
    except ValueError:
        return otherwise


def confinement(client: DockerClient, container: Container) -> Confinement | None:
    """Return what process 1 of a container without Python may do; None where there is no `cat` either."""
    try:
        result = client.containers.get(container.id).exec_run(["cat", "/proc/1/status"], stderr=False)
    except (APIError, NotFound):
        return None
    if result.exit_code or not isinstance(result.output, bytes):
        return None
    return confined(result.output.decode(errors="replace"))


def confined(status: str) -> Confinement | None:
    """Return what the text of a /proc/PID/status says; None where it is no such text."""
    said = {line[0].rstrip(":"): line[1] for line in map(str.split, status.splitlines()) if line[1:]}
    try:
        return Confinement(int(said["Uid"]), int(said["CapEff"], 16), said.get("NoNewPrivs") == "1")
    except (KeyError, ValueError):
        return None
