"""What Docker says of a container, as values; and the two small programs that run inside one."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from .. import server as server_
from ..facts import Confinement, Container, Made, Process, Server, Space
from ..overlap import DRAIN
from ..project import POSTGRES, REDIS, Port, Project
from .labels import COMPOSE, FOLDER, HASH, SERVICE

IMPORT_FAILED, UNHEALTHY = 87, 88
"""Status of IMPORT when it is the app that fails, or its healthcheck, and not Docker."""
IMPORT_SECONDS = 60
OLDEST_MAJOR, NEWEST_MAJOR = 9, 30
SIGKILLED = 137
"""What a container ends with that was ended by force: by the kernel for the memory it takes, or by somebody."""

CALLS: Mapping[str, tuple[int, str, str]] = {
    POSTGRES: (5432, "0000000804d2162f", "SN"),
    REDIS: (6379, b"PING\r\n".hex(), "+-"),
}
"""The port of a data service, what it is asked in hex, and the letters that its answer may begin with.

PostgreSQL: "Message Formats", SSLRequest, which needs no password. Redis: the simple strings and errors of RESP.
"""
IMPORT = f"""
import importlib, os, signal, sys, traceback
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
if sys.argv[3:]:
    import subprocess
    signal.alarm(0)
    open("{DRAIN}", "w").close()
    try:
        done = subprocess.run(sys.argv[3:], capture_output=True, text=True, timeout={IMPORT_SECONDS})
        said = done.stdout + done.stderr
    except (OSError, subprocess.TimeoutExpired) as error:
        said = str(error)
    if "draining" not in said:
        print(said.strip())
        sys.exit({UNHEALTHY})
os._exit(0)  # whatever the app has started, or registered for the end
"""
"""Arguments: the import string, the folder to import from, and the healthcheck, which has to say that it drains."""

READ_PROC = """
import json, os, signal, socket, sys, threading
signal.alarm(10)
asked = json.loads(sys.argv[1])
def text(path):
    with open(path, "rb") as file:
        return file.read().decode(errors="replace")
def number(path, word):
    lines = (line.split() for line in text(path).splitlines())
    return next(int(line[1]) for line in lines if line[0] == word)
def first(*looks):
    for look in looks:
        try:
            return look()
        except (OSError, StopIteration, ValueError):
            continue
def ask(name, port, words, wanted):
    try:
        with socket.create_connection((name, port), 3) as peer:
            peer.sendall(bytes.fromhex(words))
            said = peer.recv(64).decode(errors="replace")
        reached[name] = "" if said[:1] and said[0] in wanted else f"an answer of another kind: {said[:40]!r}"
    except OSError as error:
        reached[name] = str(error) or type(error).__name__
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
environment = {name: variables[name] for name in asked["variables"] if name in variables}
lines = (line.split() for line in text("/proc/1/status").splitlines())
status = {line[0].rstrip(":"): line[1] for line in lines if line[1:]}
killed = first(lambda: number("/sys/fs/cgroup/memory.events", "oom_kill"),
               lambda: number("/sys/fs/cgroup/memory/memory.oom_control", "oom_kill"))
room = {}
for place in asked["places"]:
    there = first(lambda: os.statvfs(place))
    if there:
        room[place] = [there.f_bavail * there.f_frsize, there.f_blocks * there.f_frsize]
reached = {}
calls = [threading.Thread(target=ask, args=call, daemon=True) for call in asked["calls"]]
for call in calls:
    call.start()
for call in calls:
    call.join(4)
print(json.dumps({
    "processes": sorted(processes), "environment": environment, "killed": killed, "room": room, "reached": reached,
    "confinement": [int(status["Uid"]), int(status["CapEff"], 16), status.get("NoNewPrivs") == "1"],
}))
"""
"""One argument, JSON: `variables` to tell, so that no other leaves the container; `places` to tell the room of; `calls`
to the data services, each with name, port, what to send in hex, and the letters that an answer may begin with."""


def question(project: Project) -> str:
    """Return the argument of READ_PROC for a project's app."""
    calls = [(one.name, *CALLS[one.name]) for one in project.stores]
    return json.dumps({"variables": server_.VARIABLES, "places": [*project.app.volumes], "calls": calls})


def server(name: str, seen: Mapping[str, Any]) -> Server:
    """Return what READ_PROC has printed, as a value."""
    uid, capabilities, locked = seen["confinement"]
    return Server(
        name,
        tuple(Process(pid, parent, tuple(argv)) for pid, parent, argv in seen["processes"]),
        seen["environment"],
        confinement=Confinement(uid, capabilities, locked),
        killed=seen["killed"],
        room={place: Space(*both) for place, both in seen["room"].items()},
        reached=seen["reached"],
    )


def container(attrs: Mapping[str, Any], inherited: frozenset[str] = frozenset()) -> Container:
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
        starved=bool(state.get("OOMKilled")),
        addresses={name: net["IPAddress"] for name, net in networks.items() if net["IPAddress"]},
        ports=ports(attrs),
        made=_made(attrs, inherited),
    )


def _made(attrs: Mapping[str, Any], inherited: frozenset[str]) -> Made:
    config, host = attrs["Config"], attrs["HostConfig"]
    log = host.get("LogConfig") or {}
    return Made(
        image=config.get("Image", ""),
        entrypoint=tuple(config.get("Entrypoint") or ()),
        command=tuple(config.get("Cmd") or ()),
        variables=frozenset(one.partition("=")[0] for one in config.get("Env") or ()),
        labels={name: value for name, value in config["Labels"].items() if not name.startswith(COMPOSE)},
        inherited=inherited,
        memory=host.get("Memory") or 0,
        pids=max(host.get("PidsLimit") or 0, 0),  # -1 is none
        mounts={one["Destination"]: one.get("Name") or one["Source"] for one in attrs.get("Mounts") or ()},
        healthcheck=tuple((config.get("Healthcheck") or {}).get("Test") or ()),
        restart=(host.get("RestartPolicy") or {}).get("Name", ""),
        log_driver=log.get("Type", ""),
        log_size=(log.get("Config") or {}).get("max-size", ""),
        user=config.get("User", ""),
        read_only=bool(host.get("ReadonlyRootfs")),
        network=host.get("NetworkMode") or "",
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
