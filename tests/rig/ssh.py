"""An SSH server's program; nothing of it is started here."""

from __future__ import annotations

from pathlib import Path

from . import apt, engine
from .shell import say

SSHD = Path("/usr/sbin/sshd")


def ensure() -> None:
    """Leave the program behind where the rig installs things; elsewhere say that it is missing."""
    if SSHD.exists():
        return
    if engine.installed_here() and apt.can_install():
        apt.install("openssh-server", "openssh-client")
    else:
        say(f"there is no {SSHD} here: the tests over SSH will be skipped")
