"""Somebody who writes all the time, and remembers what was acknowledged."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from .stacks import Stack, eventually

MOST = 5000
"""Writes after which it stops by itself."""
SOME = 30
PAUSE = 0.02


@dataclass
class Writer:
    """Writes notes and counts visits, one after the other, whatever happens to the stack."""

    stack: Stack
    notes: list[str] = field(default_factory=list)
    """The texts that were answered with 201."""
    visits: list[int] = field(default_factory=list)
    """The counts that were answered with 200."""
    failed: int = 0

    @classmethod
    @contextmanager
    def at_work(cls, stack: Stack, label: str) -> Iterator[Writer]:
        """Write until the block ends, and a little beyond: until the app takes writes of both kinds again."""
        writer, enough = cls(stack), threading.Event()
        thread = threading.Thread(target=writer._write, args=(label, enough))
        thread.start()
        try:
            writer.await_more()
            yield writer
            writer.await_more()
        finally:
            enough.set()
            thread.join()

    def await_more(self) -> None:
        """Wait until some more writes of each kind are acknowledged."""
        notes, visits = len(self.notes) + SOME, len(self.visits) + SOME
        eventually(lambda: len(self.notes) > notes and len(self.visits) > visits, 90)

    def _write(self, label: str, enough: threading.Event) -> None:
        for number in range(MOST):
            if enough.wait(PAUSE):
                return
            self._once(f"{label} {number}")

    def _once(self, text: str) -> None:
        try:
            if self.stack.post("/notes", text=text).status == 201:
                self.notes.append(text)
            else:
                self.failed += 1
            counted = self.stack.get("localhost", "/visits")
            if counted.status == 200:
                self.visits.append(counted.json["visits"])
        except (OSError, ValueError):  # nobody is there, or somebody left in the middle of an answer
            self.failed += 1

    def lost(self) -> tuple[list[str], int]:
        """Return the acknowledged notes that the database does not have, and how many counted visits were lost.

        A count that is lost is given a second time.
        """
        found = set(self.stack.sql("SELECT text FROM notes").splitlines())
        counted = [*self.visits, int(self.stack.get("localhost", "/visits").json["visits"])]
        return [text for text in self.notes if text not in found], len(counted) - len(set(counted))
