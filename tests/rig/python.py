"""The virtual environments that hold the tools of `make test`."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from . import apt, engine
from .shell import RigError, run, say

ENVIRONMENT = Path(__file__).parents[2] / ".venv"


def ensure(environment: Path = ENVIRONMENT) -> None:
    """Leave an empty or used virtual environment behind."""
    if (environment / "bin" / "pip").exists():
        return
    if importlib.util.find_spec("ensurepip") is None:
        install()
    say(f"making {environment.name}")
    run(sys.executable, "-m", "venv", "--clear", str(environment))


def install() -> None:
    """Install Debian's venv module, on a machine where the rig installs things anyway."""
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    if not (engine.installed_here() and apt.can_install()):
        raise RigError(f"this Python has no ensurepip: apt install {package}")
    apt.install(package)
