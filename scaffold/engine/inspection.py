"""What Docker says of a container, as values; and the two small programs that run inside one."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from ..facts import Container
from ..project import Port
from .labels import FOLDER, HASH, SERVICE

IMPORT_FAILED = 87
"""Status of IMPORT when it is the app that fails, not Docker."""
IMPORT_SECONDS = 60
OLDEST_MAJOR, NEWEST_MAJOR = 9, 30
SIGKILLED = 137
"""What a container ends with when the kernel kills it, most often for the memory it takes."""

IMPORT = f"""
import importlib, signal, sys, traceback
def late(*_):
    raise TimeoutError("the import did not end within {IMPORT_SECONDS} s")
signal.signal(signal.SIGALRM, late)
signal.alarm({IMPORT_SECONDS})
sys.path.insert(0, sys.argv[2])
module, _, path = sys.argv[1].partition(":")
try:
    found = importlib.import_module(module)
    for name in path.split("."):
        found = getattr(found, name)
except BaseException:
    traceback.print_exc()
    sys.exit({IMPORT_FAILED})
"""
"""Arguments: the import string, and the folder to import from."""

READ_PROC = """
import json, os, sys
def text(path):
    with open(path, "rb") as file:
        return file.read().decode(errors="replace")
processes = []
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        state, parent = text(f"/proc/{pid}/stat").rpartition(") ")[2].split()[:2]
        argv = text(f"/proc/{pid}/cmdline").split(chr(0))[:-1]
    except OSError:
        continue
    if state != "Z" and int(pid) != os.getpid():
        processes.append([int(pid), int(parent), argv])
variables = dict(line.split("=", 1) for line in text("/proc/1/environ").split(chr(0)) if "=" in line)
environment = {name: variables[name] for name in sys.argv[1:] if name in variables}
print(json.dumps({"processes": sorted(processes), "environment": environment}))
"""
"""Arguments: the variables to tell, so that no other leaves the container."""


def container(attrs: Mapping[str, Any]) -> Container:
    """Return a container from what `docker inspect` says of it."""
    labels, state = attrs["Config"]["Labels"], attrs["State"]
    networks = attrs["NetworkSettings"]["Networks"]
    health = state.get("Health") or {}
    return Container(
        id=attrs["Id"],
        name=attrs["Name"].lstrip("/"),
        service=labels[SERVICE],
        state=state["Status"],
        health=health.get("Status", ""),
        exit_code=state.get("ExitCode") or 0,
        started=datetime.fromisoformat(state["StartedAt"]),
        words=_said(health),
        image_id=attrs["Image"],
        config_hash=labels.get(HASH, ""),
        folder=labels.get(FOLDER, ""),
        restarts=attrs["RestartCount"],
        starved=bool(state.get("OOMKilled")) or state.get("ExitCode") == SIGKILLED,
        addresses={name: net["IPAddress"] for name, net in networks.items() if net["IPAddress"]},
        ports=ports(attrs),
    )


def _said(health: Mapping[str, Any]) -> str:
    """Return what a healthcheck that said no had to say for it."""
    last = (health.get("Log") or [{}])[-1]
    return str(last.get("Output", "")).strip() if last.get("ExitCode") else ""


def documents(text: str) -> Iterator[Mapping[str, Any]]:
    """Yield the JSON objects among the lines of a log."""
    for line in text.splitlines():
        with suppress(ValueError):
            if isinstance(document := json.loads(line), dict):
                yield document


def version_files(home: str, places: Iterable[str]) -> Iterator[str]:
    """Yield where PostgreSQL keeps the version of its data: at home, else in the layouts of the official image."""
    yield f"{home}/PG_VERSION"
    for place in places:
        yield f"{place}/PG_VERSION"
        yield f"{place}/data/PG_VERSION"
        yield from (f"{place}/{major}/docker/PG_VERSION" for major in range(NEWEST_MAJOR, OLDEST_MAJOR - 1, -1))


def major(image: str, variables: Iterable[str]) -> str:
    """Return the major version of PostgreSQL in an image: its PG_MAJOR, else what its tag begins or ends with."""
    said = dict(one.partition("=")[::2] for one in variables).get("PG_MAJOR", "")
    tag = image.rpartition("/")[2].partition(":")[2]
    found = re.search(r"pg(\d+)$", tag) or re.match(r"(\d+)", tag)
    return said or (found[1] if found else "")


def ports(attrs: Mapping[str, Any]) -> tuple[Port, ...]:
    """Return the ports that a container publishes now or, stopped, would publish by fixed numbers."""
    bound = attrs["NetworkSettings"].get("Ports") or attrs["HostConfig"].get("PortBindings") or {}
    pairs = ((target, binding) for target, bindings in bound.items() for binding in bindings or ())
    found = {
        Port(int(one["HostPort"]), int(target.partition("/")[0]), one["HostIp"])
        for target, one in pairs
        if one["HostPort"].isdigit()
    }
    return tuple(sorted(found, key=lambda port: (port.published, port.host_ip)))
