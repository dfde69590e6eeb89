"""Take away what the rig brought: stand-ins and the test image; the engine too where the rig installed it."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path

from . import apt, engine, images
from .shell import STATE, run, say, succeeds


def everything() -> None:
    """Remove what the rig made, and nothing else."""
    if succeeds("docker", "info"):
        images.remove()
    if engine.installed_here():
        stop_daemon()
    if apt.recorded():
        say("removing the packages that the rig installed; /var/lib/docker stays (it may hold volumes)")
        # Not purge: Debian's docker.io then deletes /var/lib/docker.
        run("apt-get", "remove", "-y", "-q", *apt.recorded())
        for path in Path("/etc/apt").glob("*/stack-rig-*"):
            path.unlink()
        apt.update()
    shutil.rmtree(STATE, ignore_errors=True)


def stop_daemon(seconds: float = 30) -> None:
    """Ask the daemon to end and wait until it has."""
    pid_file = Path("/var/run/docker.pid")
    if not pid_file.exists() or not engine.is_daemon(pid_file.read_text().strip()):
        return
    pid = int(pid_file.read_text())
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while engine.is_daemon(str(pid)) and time.monotonic() < deadline:
        time.sleep(0.1)
