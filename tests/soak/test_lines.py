"""The connection to a server cut at every step of an `up`, while people use the site; and what the next one mends."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass

import psutil
import pytest

from tests.e2e.conftest import Make
from tests.e2e.load import load
from tests.e2e.sshd import Sshd
from tests.e2e.stacks import BIN, Done
from tests.e2e.test_on import NOT_READY, Afar
from tests.e2e.test_roll import APP, Rolling, settled

BEGINS = "… "
"""What the line of a step begins with, where there is no terminal."""
MOMENTS = (0.0, 1.0)
"""Seconds after a step has begun: before it has done anything, and in the middle of it or in the next."""
SILENT = (2, 4, 5)
"""Steps in which the network loses everything without a word: a build, a start, an end."""
FORGOTTEN = 60
"""Seconds within which the server has given up what it was told to do, and the lock with it."""
NOTICED = 60
"""Seconds within which `up` has noticed that nobody is there any more, and has ended."""


@dataclass
class Afield(Rolling):
    """The app on a laptop, of which there is ever a newer version, brought up on a server."""

    afar: Afar | None = None

    def release(self, change: object = None) -> str:  # noqa: ARG002
        """Write a new version on the laptop, and return its name."""
        assert self.afar
        self.released += 1
        text = (APP / "main.py").read_text().replace('VERSION = "1"', f'VERSION = "{self.released}"')
        (self.afar.laptop.folder / "main.py").write_text(text)
        return str(self.released)

    def up(self) -> Done:
        assert self.afar
        return self.afar.stack("up", "--json")


@pytest.fixture(scope="module")
def afield(server: Sshd, make: Make) -> Afield:
    laptop, there = make("laptop"), make("lines")
    laptop.take(APP)
    laptop.new(workers=2)
    laptop.git("init", "--quiet")
    laptop.git("add", "--all")
    laptop.git("commit", "--quiet", "--message", "an app")
    afar = Afar(laptop, server, there)
    afar.first()
    return Afield(there, 1, afar)


def transports(server: Sshd) -> list[psutil.Process]:
    """Return the server's processes that have a connection each; what runs there on their behalf is below them."""
    assert server.process
    return psutil.Process(server.process.pid).children()


def cut(afield: Afield, number: int, moment: float, how: signal.Signals = signal.SIGKILL) -> tuple[str, int, float]:
    """Cut the connection when so many steps have begun; return the last of them, how `up` ended, and after how long."""
    assert afield.afar
    words = ["up", str(afield.afar.laptop.folder), "--on", afield.afar.place, "--yes"]
    with subprocess.Popen(
        [BIN / "stack", *words],
        env={**os.environ, **afield.afar.server.env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stderr
        begun = 0
        for line in process.stderr:
            begun += line.startswith(BEGINS)
            if begun == number:
                time.sleep(moment)  # the moment is what is tried
                at = time.monotonic()
                for one in transports(afield.afar.server):
                    one.send_signal(how)
                said = process.stderr.read()
                ended = process.wait(NOTICED)
                assert not ended or "broke, and what was under way there has ended with it" in said
                return line.removeprefix(BEGINS).strip(), ended, time.monotonic() - at
    return "", 0, 0.0


def test_one_more_up_mends_an_up_whose_connection_broke_at_any_step(afield: Afield) -> None:
    print("\nstep  after  status  noticed   mended  requests  failed  cut while it was to")
    for number in range(1, 30):
        for moment in MOMENTS:
            version = afield.release()
            with load(afield.stack.https_port) as visitors:
                step, status, noticed = cut(afield, number, moment)
                if not step:
                    assert number > 8
                    return
                up = afield.up()
                assert up.status == 0, up.everything
                assert visitors.answering() == {version}
            tally = visitors.tally
            figures = f"{number:4} {moment:6.1f} {status:7} {noticed:8.1f} {up.seconds:8.1f}"
            print(f"{figures} {tally.sent:9} {tally.failed:7}  {step}")
            assert (tally.failures, tally.retried) == ({}, 0), str(tally)
            assert status or moment  # a moment after the last step there may be nothing left to cut
            settled(afield)


@pytest.mark.parametrize("number", SILENT)
def test_what_a_server_hears_nothing_more_of_ends_there_too(afield: Afield, number: int) -> None:
    """A frozen process of the server's is what a network is that drops every packet: no side hears of an end."""
    version = afield.release()
    with load(afield.stack.https_port) as visitors:
        step, status, noticed = cut(afield, number, 0.5, signal.SIGSTOP)
        frozen = transports(afield.afar.server) if afield.afar else []
        began = time.monotonic()
        try:
            up = afield.up()
            while "is at work" in up.everything and time.monotonic() - began < FORGOTTEN:
                time.sleep(1)
                up = afield.up()
        finally:
            for one in frozen:
                one.send_signal(signal.SIGKILL)
        assert up.status == 0, up.everything
        assert visitors.answering() == {version}
    print(f"\nstep {number}, noticed after {noticed:.1f} s, mended after {time.monotonic() - began:.1f} more: {step}")
    assert status == NOT_READY
    assert (visitors.tally.failures, visitors.tally.retried) == ({}, 0), str(visitors.tally)
    settled(afield)
