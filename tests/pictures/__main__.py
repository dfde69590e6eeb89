"""Make a project at a terminal, bring it up, and take a picture of each screen that the README shows."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from tests.terminal import ENTER, Terminal

from .svg import picture

HERE = Path(__file__).parent
STACK = Path(sys.executable).parent / "stack"
NAME = "shop"
"""What the pictures' project is called; nothing of that name may be running."""
LONG = 300
"""Seconds that a build, a start and an end may take."""


def save(terminal: Terminal, name: str, title: str, *, since: str = "", until: str = "") -> None:
    """Write a picture of what stands there, from a line that begins with a text to one that does."""
    lines = terminal.styled
    texts = terminal.lines
    begin = max((place for place, text in enumerate(texts) if since and text.startswith(since)), default=0)
    end = next((place for place, text in enumerate(texts) if until and text.startswith(until)), len(lines) - 1)
    (HERE / f"{name}.svg").write_text(picture(lines[begin : end + 1], title), encoding="utf-8")
    print(f"{name}.svg: {end + 1 - begin} lines")


def main() -> None:
    """Take all of them."""
    with tempfile.TemporaryDirectory(prefix="pictures-") as folder:
        home = Path(folder)
        # What a reader's own git would say is nobody's business.
        (home / "gitconfig").write_text("[user]\n\tname = Ada\n\temail = ada@example.com\n")
        env = {"GIT_CONFIG_GLOBAL": str(home / "gitconfig"), "GIT_CONFIG_NOSYSTEM": "1"}
        asked = Terminal([STACK, "new", NAME], home, env, rows=60)
        asked.answers("domain")
        asked.answers("postgres", "y", ENTER)
        asked.answers("redis", "y", ENTER)
        asked.asks("Is that right?")
        save(asked, "sum", f"stack new {NAME}")
        asked.types(ENTER)
        assert asked.ended() == 0
        save(asked, "tree", f"stack new {NAME}", since=f"{NAME} holds")
        up = Terminal([STACK, "up", NAME], home, env, rows=100)
        try:
            assert up.ended(LONG) == 0, "\n".join(up.lines)
            save(
                up, "up", f"stack up {NAME}", until="https://localhost/"
            )  # what follows names a folder of this machine
        finally:
            down = Terminal([STACK, "down", NAME, "--volumes", "--yes"], home, env)
            print("taken away:", down.ended(LONG))
            shutil.rmtree(home / NAME, ignore_errors=True)


if __name__ == "__main__":
    main()
