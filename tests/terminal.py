"""A real terminal of a person's: a program runs in it, keys are typed, and what stands on the screen is read."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pexpect
import pyte
from pyte.screens import Char

ENTER, ESC, CTRL_C, CTRL_D, DOWN, CLEAR = "\r", "\x1b", "\x03", "\x04", "\x1b[B", "\x15"
CURSOR = "\x1b[6n"
"""A program asks where the cursor is: ECMA-48, device status report."""
SECONDS = 30
"""How long something may take to be on the screen."""
SCROLLED = 2000


class Terminal:
    """A screen of 80 columns, with all that has scrolled out of it."""

    def __init__(
        self, words: Sequence[str | Path], folder: Path, env: Mapping[str, str] | None = None, *, rows: int = 40
    ) -> None:
        own = {name: value for name, value in os.environ.items() if name not in {"CI", "COLUMNS", "LINES", "NO_COLOR"}}
        self._screen = pyte.HistoryScreen(80, rows, history=SCROLLED, ratio=0.5)
        self._stream = pyte.Stream(self._screen)
        self._child = pexpect.spawn(
            str(words[0]),
            [str(word) for word in words[1:]],
            cwd=str(folder),
            env={**own, "TERM": "xterm-256color", **(env or {})},
            encoding="utf-8",
            dimensions=(rows, 80),
        )
        self.raw = ""

    @property
    def lines(self) -> list[str]:
        """What stands on the screen, and what stood there before, without spaces at the end."""
        before = ["".join(line[column].data for column in range(80)).rstrip() for line in self._screen.history.top]
        return [*before, *(line.rstrip() for line in self._screen.display)]

    @property
    def styled(self) -> list[list[Char]]:
        """All of that with its colours."""
        buffer = self._screen.buffer
        shown = [buffer[line] for line in range(self._screen.lines)]
        return [[line[column] for column in range(80)] for line in (*self._screen.history.top, *shown)]

    @property
    def text(self) -> str:
        """All of that with one space where there was any, so that no line's end is in the way."""
        return re.sub(r"\s+", " ", " ".join(self.lines))

    @property
    def last(self) -> str:
        """The last line with anything on it."""
        return next((line for line in reversed(self.lines) if line), "")

    def sees(self, text: str, *, times: int = 1) -> None:
        """Wait until a text stands there, or so many times."""
        end = time.monotonic() + SECONDS
        while self.text.count(text) < times:
            assert time.monotonic() < end, f"no {text!r} in\n" + "\n".join(self.lines)
            assert self.takes() or self.text.count(text) >= times, f"ended without {text!r}:\n" + "\n".join(self.lines)

    def asks(self, name: str) -> None:
        """Wait until a question of that name is the last that was asked."""
        end = time.monotonic() + SECONDS
        while not f"{self._asked} ".startswith(f"? {name} "):
            assert time.monotonic() < end, f"{name} is not asked in\n" + "\n".join(self.lines)
            assert self.takes(), f"ended, and never asked {name}:\n" + "\n".join(self.lines)

    @property
    def questions(self) -> list[str]:
        """The lines of questions that were asked so far, by us or by Copier."""
        return [line for line in self.lines if line.startswith(("? ", "\N{MICROPHONE}"))]

    @property
    def _asked(self) -> str:
        return next(reversed(self.questions), "")

    def types(self, *keys: str) -> None:
        """Type keys, one after the other."""
        for key in keys:
            self._child.send(key)

    def answers(self, name: str, *keys: str) -> None:
        """Wait for a question, and answer it; the keys end with Enter unless they say otherwise."""
        self.asks(name)
        before = self._screen.cursor.y, len(self._screen.history.top)
        self.types(*(keys or (ENTER,)))
        end = time.monotonic() + SECONDS
        while (self._screen.cursor.y, len(self._screen.history.top)) == before and time.monotonic() < end:
            if not self.takes():
                return

    def ended(self, seconds: float = SECONDS) -> int:
        """Wait for the end of the program, and return its exit code."""
        end = time.monotonic() + seconds
        while self.takes():
            assert time.monotonic() < end, "it did not end:\n" + "\n".join(self.lines)
        self._child.close()
        return int(self._child.exitstatus if self._child.exitstatus is not None else -1)

    def close(self) -> None:
        self._child.close(force=True)

    def takes(self) -> bool:
        """Take what the program has written within a moment, and tell whether there can be more."""
        try:
            said = self._child.read_nonblocking(65536, timeout=0.1)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self.raw += said
        self._stream.feed(said)
        if CURSOR in said:
            self._child.send(f"\x1b[{self._screen.cursor.y + 1};{self._screen.cursor.x + 1}R")
        return True
