"""`stack check --watch`. It finds no `docker`, so that every look comes to nothing at once."""

import fcntl
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pytest

from scaffold.cli import run
from scaffold.errors import ExitCode

ROOT = Path(__file__).parents[2]
AWAY = "✗ stack check could not look: there is no `docker` command on this machine"
LIMIT = 30
"""Nothing here may take so many seconds; a test that hangs ends."""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project's folder; nothing is on the PATH."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/compose.yaml").touch()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path / "shop"


def watch(shop: Path, *words: str) -> int:
    return run(["check", str(shop), "--watch", "1", *words])


@contextmanager
def interrupted_after(seconds: float) -> Iterator[None]:
    """Interrupt what runs, as Ctrl-C does, after a while."""
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def at_work(shop: Path, seconds: float) -> Iterator[None]:
    """Hold for some seconds what a `stack up` holds."""
    handle = os.open(shop, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    release = threading.Timer(seconds, os.close, [handle])
    release.start()
    try:
        yield
    finally:
        release.join(LIMIT)


def test_whoever_ends_it_gets_what_was_last_seen_and_nothing_was_said_twice(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with interrupted_after(1.5):
        assert watch(shop) == ExitCode.FAILED
    said = capsys.readouterr()
    assert said.err == ""
    assert len(said.out.splitlines()) == 1
    assert re.match(rf"\d\d:\d\d:\d\d {AWAY} → ", said.out)


def test_a_watch_for_the_first_that_is_bad_ends_with_it(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert watch(shop, "--once-bad") == ExitCode.FAILED
    assert AWAY in capsys.readouterr().out


def test_while_another_stack_is_at_work_nobody_looks(shop: Path) -> None:
    begun = time.monotonic()
    with at_work(shop, 0.5):
        assert watch(shop, "--once-bad") == ExitCode.FAILED
        assert time.monotonic() - begun >= 0.5


def test_a_watch_that_has_seen_nothing_yet_was_interrupted(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with at_work(shop, 0.8), interrupted_after(0.3):
        assert watch(shop) == ExitCode.INTERRUPTED
    assert capsys.readouterr().out == ""


def test_at_a_terminal_a_line_shows_that_it_goes_on(shop: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "TERM": "xterm"}
    words = ["-m", "scaffold", "check", str(shop), "--watch", "2"]
    with pexpect.spawn(sys.executable, words, env=environment, timeout=LIMIT, encoding="utf-8") as terminal:
        terminal.expect("looking…")
        terminal.expect("could not look")
        terminal.expect(r"\r\d\d:\d\d:\d\d looks again in 2 s: there is no `docker`")
        terminal.expect("looks again in 1 s")
        terminal.sendintr()
        terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == ExitCode.FAILED


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--once-bad"], "--once-bad means nothing without --watch"),
        (["--watch", "0"], "0 is not in the range"),
        (["--watch", "5", "--json"], "--json is one document"),
        (["--watch", "5", "--facts", "seen.json"], "a file of facts has one look"),
        (["--watch", "5", "--only", "no.check"], "there is no check 'no.check'"),
    ],
    ids=["no watch", "no pause", "one document", "a file", "no such check"],
)
def test_what_cannot_be_meant_is_refused(words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", *words]) == ExitCode.WRONG_INPUT
    said = capsys.readouterr()
    assert sentence in said.err + said.out
