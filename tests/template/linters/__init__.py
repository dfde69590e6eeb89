"""Each linter, run once over one folder of files, with its own configuration beside this file.

They are run with no settings of the person at the machine, and by path: nothing here depends on what is on PATH.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE
from typing import NamedTuple

HERE = Path(__file__).parent
ENVIRONMENT = HERE.parents[2] / ".venv-lint"

CLEAN = {
    "HOME": "/nonexistent",
    "LANG": "C.UTF-8",
    # Else it asks the package index for a newer checkov, once an hour, whatever its configuration says.
    "CKV_SKIP_PACKAGE_UPDATE_CHECK": "True",
}


class Finding(NamedTuple):
    """What a linter said of one line."""

    folder: str
    """The folder right below the one that was looked at: where the file comes from."""

    file: str
    """Relative to that folder."""

    rule: str
    line: int
    message: str


def run(program: str, *words: str, folder: Path) -> str:
    """Return what a linter prints about a folder; AssertionError when it ended in another way than with findings."""
    environment = {**CLEAN, "PATH": f"{ENVIRONMENT / 'bin'}{os.pathsep}{os.defpath}"}
    command = [str(ENVIRONMENT / "bin" / program), *words]
    # Node ends without waiting for a pipe to take more than 64 KB; a file takes everything.
    with tempfile.TemporaryFile("w+") as said:
        done = subprocess.run(command, cwd=folder, env=environment, stdout=said, stderr=PIPE, text=True, check=False)
        assert done.returncode in {0, 1}, done.stderr
        said.seek(0)
        return said.read()


def finding(path: str, rule: str, line: int, message: str) -> Finding:
    """Return a finding about a path that is relative to the folder that was looked at."""
    folder, _, file = path.removeprefix("./").strip("/").partition("/")
    return Finding(folder, file, rule, line, message)


def hadolint(folder: Path) -> Iterator[Finding]:
    """Look at every Dockerfile, by any of its names."""
    files = sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*Dockerfile*") if path.suffix != ".dockerignore"
    )
    for one in json.loads(
        run("hadolint", "--config", str(HERE / "hadolint.yaml"), "--format", "json", *files, folder=folder)
    ):
        yield finding(one["file"], one["code"], one["line"], one["message"])


def yamllint(folder: Path) -> Iterator[Finding]:
    """Look at every file whose name says YAML."""
    said = run("yamllint", "--config-file", str(HERE / "yamllint.yaml"), "--format", "parsable", ".", folder=folder)
    for path, line, message, rule in re.findall(r"(?m)^(.+?):(\d+):\d+: (.+) \(([\w-]+)\)$", said):
        yield finding(path, rule, int(line), message)


def checkov(folder: Path) -> Iterator[Finding]:
    """Look at every Dockerfile, and for secrets in every file."""
    said = json.loads(run("checkov", "--config-file", str(HERE / "checkov.yaml"), "--directory", ".", folder=folder))
    for report in said if isinstance(said, list) else [said]:
        results = report.get("results", {})
        for one in results.get("failed_checks", []):
            yield finding(one["file_path"], one["check_id"], one["file_line_range"][0], one["check_name"])
        for path in results.get("parsing_errors", []):
            yield finding(path, "parsing-error", 0, "cannot be read")


def dclint(folder: Path) -> Iterator[Finding]:
    """Look at every Compose file."""
    program = str(ENVIRONMENT / "dclint/node_modules/dclint/bin/dclint.cjs")
    words = ("--config", str(HERE / "dclint.yaml"), "--formatter", "json", "--recursive", ".")
    for report in json.loads(run("node", program, *words, folder=folder)):
        for one in report["messages"]:
            yield finding(report["filePath"], one["rule"], one["line"], one["message"])
