"""Rows 4 and 5: what the commands themselves cost, from their start to their end."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from tests.e2e.stacks import BIN, ROOT, Stack, run

from .contenders import WORK, NotServed, made
from .figures import Table, interleaved

ONE = "copier copy, one file"
PASS = "python -c pass"
WATCHED = """\
import os, sys
def told(event, arguments):
    if event == "subprocess.Popen":
        with open(os.environ["BENCH_PROCESSES"], "a") as file:
            file.write(repr(arguments[1]) + "\\n")
sys.addaudithook(told)
"""
"""For Python to read at its start (sitecustomize.py): notes every process that it starts."""


def scaffold(table: Table, rounds: int) -> None:
    """Measure row 4, as an installed package: that is what people have."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bin_folder = _installed(folder)
        one = folder / "one"
        one.mkdir()
        (one / "copier.yml").write_text("name: {type: str, default: x}\n")
        (one / "file.txt.jinja").write_text("{{ name }}\n")

        def copied(*words: str | Path) -> float:
            made = Path(tempfile.mkdtemp(dir=folder)) / "made"
            seconds = _timed(*words, made)
            if not any(made.iterdir()):
                raise NotServed(f"{words} made nothing")
            shutil.rmtree(made.parent)
            return seconds

        copier = (bin_folder / "copier", "copy", "--defaults", "--quiet")
        bundle = next((folder / "venv").glob("lib/*/site-packages/scaffold/bundle"))
        found = interleaved(
            {
                ONE: partial(copied, *copier, one),
                "stack new --defaults": partial(copied, bin_folder / "stack", "new", "--defaults"),
                "copier copy, this template": partial(copied, *copier, bundle),
            },
            rounds,
        )
        table.take(4, "a project, seconds", found, ONE)
        stack = bin_folder / "stack"
        started = {
            PASS: partial(_timed, bin_folder / "python", "-c", "pass"),
            "stack --help": partial(_timed, stack, "--help"),
            "stack check --list": partial(_timed, stack, "check", "--list"),
        }
        table.take(4, "start, seconds", interleaved(started, rounds * 3), PASS)


def look(table: Table, rounds: int) -> None:
    """Measure row 5, on a stack of everything."""
    with made("whole", postgres="true", redis="true") as stack:
        commands = {"stack status": "status", "stack check": "check"}
        found = interleaved({name: partial(_command, stack, word) for name, word in commands.items()}, rounds)
        started = {name: [float(_processes(stack, word))] for name, word in commands.items()}
    table.take(5, "a healthy stack of everything, seconds", found, "stack status")
    table.take(5, "a healthy stack of everything, processes started", started, "stack status")


def _command(stack: Stack, word: str) -> float:
    done = stack.stack(word)
    if done.status:
        raise NotServed(done.everything)
    return done.seconds


def _processes(stack: Stack, word: str) -> int:
    with tempfile.TemporaryDirectory(dir=WORK) as name:
        Path(name, "sitecustomize.py").write_text(WATCHED)
        noted = Path(name, "processes")
        noted.touch()
        env = {"PYTHONPATH": name, "BENCH_PROCESSES": str(noted), **stack.env}
        done = run(BIN / "stack", word, stack.folder, "--json", env=env)
        if done.status:
            raise NotServed(done.everything)
        return len(noted.read_text().splitlines())


def _installed(folder: Path) -> Path:
    """Return where the commands are, of this checkout installed into a place of its own."""
    done = run(sys.executable, "-m", "venv", folder / "venv")
    done = done if done.status else run(folder / "venv/bin/pip", "install", "--quiet", ROOT)
    if done.status:
        raise NotServed(done.everything)
    return folder / "venv/bin"


def _timed(*words: str | Path) -> float:
    begun = time.perf_counter()
    done = run(*words)
    if done.status:
        raise NotServed(done.everything)
    return time.perf_counter() - begun
