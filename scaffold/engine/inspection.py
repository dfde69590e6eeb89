"""What Docker says of a container, as values; and the two small programs that run inside one."""

from collections.abc import Mapping
from typing import Any

from ..facts import Container
from ..project import Port

IMPORT_FAILED = 87
"""Status of IMPORT when it is the app that fails, not Docker."""
IMPORT_SECONDS = 60
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
    return Container(
        id=attrs["Id"],
        name=attrs["Name"].lstrip("/"),
        service=labels["com.docker.compose.service"],
        state=state["Status"],
        health=(state.get("Health") or {}).get("Status", ""),
        image_id=attrs["Image"],
        config_hash=labels.get("com.docker.compose.config-hash", ""),
        folder=labels.get("com.docker.compose.project.working_dir", ""),
        restarts=attrs["RestartCount"],
        starved=bool(state.get("OOMKilled")) or state.get("ExitCode") == SIGKILLED,
        addresses={name: net["IPAddress"] for name, net in networks.items() if net["IPAddress"]},
        ports=ports(attrs),
    )


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
