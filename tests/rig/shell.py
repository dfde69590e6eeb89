"""Running other programs, and saying so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

STATE = Path("/var/lib/fastapi-stack-rig")
"""What the rig installed itself: the marker that stand-ins are wanted here, logs, build folders."""


class RigError(Exception):
    """A sentence for the person at the terminal."""


def say(text: str) -> None:
    """Print one line of progress at once, also into a pipe."""
    print(f"rig: {text}", file=sys.stderr, flush=True)


def run(*words: str, env: dict[str, str] | None = None) -> str:
    """Run a program to its end and return what it printed; RigError with its last lines when it fails."""
    done = subprocess.run(
        words,
        check=False,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    if done.returncode:
        tail = "\n".join(done.stdout.strip().splitlines()[-15:])
        raise RigError(f"`{' '.join(words[:6])}` ended with status {done.returncode}:\n{tail}")
    return done.stdout


def succeeds(*words: str) -> bool:
    """Tell whether a program can be started and ends with status 0."""
    try:
        return subprocess.run(words, check=False, capture_output=True).returncode == 0
    except OSError:
        return False
