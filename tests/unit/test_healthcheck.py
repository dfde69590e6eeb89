"""The container's healthcheck as Docker runs it: a process of its own, its exit status, and a server on loopback."""

import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "template" / "container" / "healthcheck.py"
WATCHED = """\
import sys
sys.addaudithook(lambda event, _: event == "socket.connect" and print(event, file=sys.stderr, flush=True))
"""
"""Says when the script tries to connect, so that a test can wait for it."""
LIMIT = 10
"""Nothing here may take so long; a test that hangs ends."""


class Handler(BaseHTTPRequestHandler):
    server: "App"

    def do_GET(self) -> None:
        self.server.asked.append(f"{self.path} of {self.headers['Host']}")
        self.server.reached.set()
        self.server.may_answer.wait(LIMIT)
        status = self.server.statuses.pop(0) if len(self.server.statuses) > 1 else self.server.statuses[0]
        if status:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"postgres: down" if status == 503 else b"")

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def handle(self) -> None:
        try:
            super().handle()
        except (BrokenPipeError, ConnectionResetError):  # the script has left, which is its right
            return


class App(ThreadingHTTPServer):
    """Gives these answers, one after the other, and the last one for ever; 0 closes without a word."""

    def __init__(self, *statuses: int) -> None:
        super().__init__(("127.0.0.1", 0), Handler, bind_and_activate=False)
        self.statuses = list(statuses)
        self.asked: list[str] = []
        self.reached = threading.Event()
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.server_bind()  # the port is ours; connections are refused until somebody listens

    @contextmanager
    def listening(self) -> Iterator[None]:
        self.server_activate()
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            self.may_answer.set()
            self.shutdown()
            thread.join()


@pytest.fixture
def drain(tmp_path: Path) -> Path:
    return tmp_path / "drain"


@pytest.fixture
def script(tmp_path: Path, drain: Path) -> Path:
    """Return a copy of the script with less patience and a drain file of its own."""
    return copy(tmp_path / "healthcheck.py", drain, patience=5)


def copy(path: Path, drain: Path, *, patience: float, before: str = "", room: int = 0) -> Path:
    text = SCRIPT.read_text(encoding="utf-8")
    settings = {"DRAIN": f'"{drain}"', "PATIENCE": str(patience), "SLICE": "0.02", "ROOM": str(room)}
    for name, value in settings.items():
        text, found = re.subn(rf"(?m)^{name} = .*$", f"{name} = {value}", text)
        assert found == 1, f"{SCRIPT} sets {name} {found} times"
    path.write_text(before + text, encoding="utf-8")
    return path


def started(script: Path, app: App, path: str = "/healthz", *folders: str) -> "subprocess.Popen[str]":
    words = [sys.executable, "-I", "-S", str(script), str(app.server_port), path, *folders]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def verdict(script: Path, app: App, path: str = "/healthz", *, why: str = "", folders: tuple[str, ...] = ()) -> int:
    """Return the exit status; a no comes with this reason, a yes without a word."""
    with started(script, app, path, *folders) as process:
        out, err = process.communicate(timeout=LIMIT)
    assert (out.strip(), err) == (why, "")
    return process.returncode


@pytest.mark.parametrize("status", [200, 307, 404, 499])
def test_any_answer_below_500_is_yes(script: Path, status: int) -> None:
    with App(status) as app, app.listening():
        assert verdict(script, app) == 0


def test_the_path_it_was_given_is_asked_for_once(script: Path) -> None:
    with App(200) as app, app.listening():
        assert verdict(script, app, "/alive/now") == 0
    assert app.asked == ["/alive/now of localhost"]


@pytest.mark.parametrize(
    "answers",
    [(500, 200), (503, 503, 200), (0, 200)],
    ids=["500, then 200", "twice 503, then 200", "silence, then 200"],
)
def test_an_answer_that_is_no_yes_is_asked_for_again(script: Path, answers: tuple[int, ...]) -> None:
    with App(*answers) as app, app.listening():
        assert verdict(script, app) == 0
    assert app.asked == ["/healthz of localhost"] * len(answers)


def test_an_app_that_is_not_up_yet_is_waited_for(tmp_path: Path, drain: Path) -> None:
    watched = copy(tmp_path / "watched.py", drain, patience=LIMIT, before=WATCHED)
    with App(200) as app, started(watched, app) as process:
        assert process.stderr
        # The second attempt tells that the first was refused.
        assert [process.stderr.readline() for _ in range(2)] == ["socket.connect\n"] * 2
        with app.listening():
            process.communicate(timeout=LIMIT)
    assert process.returncode == 0


def test_a_busy_app_is_waited_for(script: Path) -> None:
    with App(200) as app, app.listening():
        app.may_answer.clear()
        with started(script, app) as process:
            assert app.reached.wait(LIMIT)
            # It asks in slices of 0.02 s; an answer that takes several of them is still one answer.
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.08)
            app.may_answer.set()
            process.communicate(timeout=LIMIT)
        assert process.returncode == 0
    assert len(app.asked) == 1


@pytest.mark.parametrize(
    ("status", "why"),
    [(503, "GET /healthz: 503 postgres: down"), (0, "GET /healthz: no answer")],
    ids=["503", "silence"],
)
def test_an_app_that_never_says_yes_is_a_no_when_patience_ends(
    tmp_path: Path, drain: Path, status: int, why: str
) -> None:
    hasty = copy(tmp_path / "hasty.py", drain, patience=0.05)
    with App(status) as app, app.listening():
        assert verdict(hasty, app, why=why) == 1


def test_an_app_that_is_down_is_a_no_when_patience_ends(tmp_path: Path, drain: Path) -> None:
    with App(200) as app:
        hasty = copy(tmp_path / "hasty.py", drain, patience=0.05)
        assert verdict(hasty, app, why="GET /healthz: Connection refused") == 1


def test_an_app_that_hangs_is_a_no_when_patience_ends(tmp_path: Path, drain: Path) -> None:
    hasty = copy(tmp_path / "hasty.py", drain, patience=0.05)
    with App(200) as app, app.listening():
        app.may_answer.clear()
        assert verdict(hasty, app, why="GET /healthz: no answer") == 1


def test_a_folder_with_room_is_none_of_its_business(script: Path, tmp_path: Path) -> None:
    with App(200) as app, app.listening():
        assert verdict(script, app, folders=(str(tmp_path),)) == 0


def test_a_folder_without_room_is_a_no_at_once_and_the_app_is_not_asked(tmp_path: Path, drain: Path) -> None:
    greedy = copy(tmp_path / "greedy.py", drain, patience=5, room=2**62)
    with App(200) as app, app.listening():
        assert verdict(greedy, app, why=f"no room left in {tmp_path}", folders=(str(tmp_path),)) == 1
    assert app.asked == []


def test_draining_is_a_no_at_once_and_the_app_is_not_asked(script: Path, drain: Path) -> None:
    drain.touch()
    with App(200) as app, app.listening():
        begun = time.monotonic()
        assert verdict(script, app, why="draining") == 1
        assert time.monotonic() - begun < 2
    assert app.asked == []


def test_draining_ends_the_wait_for_an_answer(script: Path, drain: Path) -> None:
    with App(200) as app, app.listening():
        app.may_answer.clear()
        with started(script, app) as process:
            assert app.reached.wait(LIMIT)
            begun = time.monotonic()
            drain.touch()
            process.communicate(timeout=LIMIT)
            assert time.monotonic() - begun < 2
        assert process.returncode == 1


def test_the_container_looks_for_the_drain_file_where_roll_outs_put_it() -> None:
    assert re.search(r'(?m)^DRAIN = "/tmp/drain"$', SCRIPT.read_text(encoding="utf-8"))
