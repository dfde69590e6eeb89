"""Projects to look at: made as `stack new` makes them, and as Compose understands them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scaffold import placing, render
from scaffold.cli import create


def make(folder: Path, answers: Mapping[str, object]) -> Path:
    """Make the project in a folder that is not there yet, or raise what the person would be told."""
    data = create.given(None, [f"{name}={value}" for name, value in answers.items()])
    with render.rendered(folder, data, ask=False) as made:
        placing.place(made, folder)
    return folder


def model(folder: Path, *files: str) -> dict[str, Any]:
    """Return what Compose makes of a project's files, or of those that are named, with nothing of this shell's own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("STACK_", "COMPOSE_"))}
    named = [word for file in files for word in ("--file", file)]
    words = ["docker", "compose", *named, "config", "--format", "json"]
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    document: dict[str, Any] = json.loads(done.stdout)
    return document
