"""A Docker Engine with Compose and Buildx: the one that is there, else one installed and started here."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

from . import apt
from .shell import STATE, RigError, run, say, succeeds

ENGINE = (25, 0)
COMPOSE = (2, 26)
NEWER_SUITE = "trixie"
BY_HAND = "install Docker Engine 25 or newer with the Compose (2.26 or newer) and Buildx plug-ins: https://docs.docker.com/engine/install/"


def ensure() -> None:
    """Leave a usable engine behind, or raise RigError with what to install."""
    if usable():
        return
    if not complete():
        install()
    start()
    if not usable():
        raise RigError(f"the Docker tools on this machine are too old or not complete: {BY_HAND}")


def version(text: str) -> tuple[int, int]:
    """Return major and minor of the first version number in a text; (0, 0) without one."""
    found = re.search(r"(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def usable() -> bool:
    """Tell whether engine, Compose and Buildx answer and are new enough."""
    if not succeeds("docker", "info"):
        return False
    answer = json.loads(run("docker", "version", "--format", "{{json .Server}}"))
    return version(answer["Version"]) >= ENGINE and complete()


def complete() -> bool:
    """Tell whether the command line has a Compose and a Buildx that are new enough."""
    if not (succeeds("docker", "compose", "version") and succeeds("docker", "buildx", "version")):
        return False
    return version(run("docker", "compose", "version", "--short")) >= COMPOSE


def installed_here() -> bool:
    """Tell whether the engine on this machine is the rig's own."""
    return "docker.io" in apt.recorded()


def install() -> None:
    """Install the distribution's engine, Compose and Buildx; nothing where another engine is installed."""
    if (shutil.which("dockerd") and not installed_here()) or os.environ.get("DOCKER_HOST"):
        raise RigError(f"a Docker Engine is installed here, but it or its plug-ins are too old or missing: {BY_HAND}")
    if not apt.can_install():
        raise RigError(f"no usable Docker here, and the rig installs only as root on Debian or Ubuntu: {BY_HAND}")
    say("no Docker Engine on this machine: installing the distribution's (`make rig-clean` removes it)")
    apt.update()
    packages = UBUNTU if apt.os_release().get("ID") == "ubuntu" else DEBIAN
    apt.install(*packages, suite=suite_for("docker-compose") if packages is DEBIAN else "")


UBUNTU = ("docker.io", "docker-compose-v2", "docker-buildx", "iptables")
DEBIAN = ("docker.io", "docker-cli", "docker-compose", "docker-buildx", "iptables")


def suite_for(package: str) -> str:
    """Return the suite to name to apt so that Compose is new enough: none, or a newer one added as a pinned source."""
    if version(apt.candidate(package)) >= COMPOSE:
        return ""
    apt.add_suite(NEWER_SUITE)
    return NEWER_SUITE


def start() -> None:
    """Start the engine: by the init system where there is one, else by hand, detached from this terminal."""
    if succeeds("docker", "info"):
        return
    if os.geteuid() != 0:
        raise RigError("the Docker Engine does not answer, and only root can start it: sudo systemctl start docker")
    if Path("/run/systemd/system").exists():
        run("systemctl", "start", "docker")
    else:
        launch()
    await_engine()


def launch() -> None:
    """Start dockerd by hand; it outlives this process."""
    say("starting dockerd")
    forget_dead_daemon()
    STATE.mkdir(parents=True, exist_ok=True)
    with (STATE / "dockerd.log").open("ab") as log:
        subprocess.Popen(
            # Docker's own pools are used up by some thirty networks, and two modules of tests run at a time.
            ["dockerd", f"--mtu={uplink_mtu()}", "--default-address-pool=base=172.16.0.0/12,size=22"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def uplink_mtu() -> int:
    """Return the smallest MTU of this machine's real network cards, so that packets from containers fit through it."""
    cards = [card for card in Path("/sys/class/net").iterdir() if (card / "device").exists()]
    return min([1500, *(int((card / "mtu").read_text()) for card in cards)])


def forget_dead_daemon() -> None:
    """Remove the pid files of daemons that died with the machine: a reused pid would look alive."""
    for name in ("docker.pid", "docker/containerd/containerd.pid"):
        path = Path("/var/run") / name
        if path.exists() and not is_daemon(path.read_text().strip()):
            path.unlink()


def is_daemon(pid: str) -> bool:
    """Tell whether a process id belongs to a Docker daemon."""
    comm = Path("/proc") / pid / "comm"
    return pid.isdigit() and comm.exists() and comm.read_text().strip() in {"dockerd", "containerd"}


def await_engine(seconds: float = 60) -> None:
    """Wait until the engine answers; RigError with the end of its log when it does not."""
    deadline = time.monotonic() + seconds
    while not succeeds("docker", "info"):
        if time.monotonic() > deadline:
            log = STATE / "dockerd.log"
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:]) if log.exists() else ""
            raise RigError(f"the Docker Engine did not answer within {seconds:.0f} s:\n{tail}")
        time.sleep(0.2)
