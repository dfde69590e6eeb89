"""A new version under load: whatever it is like, nobody is refused, and what is under way is not cut off."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import pytest

from .conftest import Make
from .load import Events, Load, Socket, Tally, ask, load
from .stacks import BIN, HERE, Done, Stack, docker, eventually

APP = HERE / "apps/rolling"
FIRST = 'VERSION = "1"'
OVERRIDE = "compose.override.yaml"
GRACEFUL = 20
"""Seconds that --timeout-graceful-shutdown of the template gives what is under way."""
SLOW, BUSY = 15, 10
"""Seconds that a slow request takes, and that a busy app is busy."""
WORKERS = 2
PROJECT = "com.docker.compose.project"
ROWS = '{{.ID}} {{.Label "com.docker.compose.service"}}'
REFUSED, INTERRUPTED = 3, 130
"""The exit codes of a machine, or a project, that is not ready, and of what somebody has ended."""

Change = Callable[[str], str]


@dataclass
class Rolling:
    """A stack of the app in apps/rolling, of which there is ever a newer version."""

    stack: Stack
    released: int = 1

    @classmethod
    def made(cls, stack: Stack, **answers: object) -> Rolling:
        """Adopt the app as it is in its owner's git repository, and bring it up."""
        stack.take(APP)
        stack.git("init", "--quiet")
        stack.git("add", "--all")
        stack.git("commit", "--quiet", "--message", "an app")
        stack.new(**answers)
        stack.up()
        return cls(stack)

    def release(self, change: Change | None = None) -> str:
        """Write a new version, changed in some further way, and return its name."""
        self.released += 1
        text = (APP / "main.py").read_text()
        changed = change(text) if change else text
        assert FIRST in changed
        assert change is None or changed != text
        (self.stack.folder / "main.py").write_text(changed.replace(FIRST, f'VERSION = "{self.released}"'))
        return str(self.released)

    def up(self) -> Done:
        return self.stack.stack("up", "--yes")

    def load(self, **wish: Any) -> AbstractContextManager[Load]:
        return load(self.stack.https_port, **wish)

    def until_alone(self, bring: Callable[[], Done], rate: int) -> tuple[float, Done, Tally]:
        """Bring a new version up under load; return the seconds until it answers alone, what was said, who met what."""
        old, new = str(self.released), self.release()
        with self.load(rate=rate) as visitors:
            begun = time.monotonic()
            done = bring()
            assert done.status == 0, done.everything
            assert visitors.answering() == {new}
        tally = visitors.tally
        return max(tally.first[new], tally.last[old]) - begun, done, tally

    def version(self) -> str:
        """Return the version that answers."""
        return str(ask(self.stack.https_port, "/")["version"])

    def containers(self) -> list[str]:
        """Return the ids of the app's containers that there are."""
        return sorted(self.stack.container("app").split())

    def image(self) -> str:
        """Return the id of the image that plain Compose would run."""
        return docker("image", "inspect", f"{self.stack.name}-app:current", "--format", "{{.Id}}")

    def tag(self) -> str:
        """Return by what tag that image can be gone back to."""
        names = json.loads(docker("image", "inspect", self.image(), "--format", "{{json .RepoTags}}"))
        return next(str(name).rpartition(":")[2] for name in names if not name.endswith(":current"))

    def history(self) -> list[str]:
        """Return which commands are written down that ended well, the oldest first."""
        document = self.stack.stack("history").json
        rows = next(one for one in document.values() if isinstance(one, list))
        return [row["did"] for row in sorted(rows, key=lambda row: row["at"]) if row["result"] == "good"]


@pytest.fixture(scope="module")
def made(make: Make) -> Rolling:
    return Rolling.made(make("roll"), workers=WORKERS)


@pytest.fixture
def rolling(made: Rolling) -> Iterator[Rolling]:
    """The stack, and afterwards the files of a version that is good."""
    yield made
    (made.stack.folder / OVERRIDE).unlink(missing_ok=True)
    made.release()


# ------------------------------------------------------------------ what has to hold each time


def unharmed(tally: Tally) -> None:
    """See that every request got its answer, at the first try."""
    print(tally)
    assert (tally.failures, tally.retried) == ({}, 0), str(tally)
    assert tally.good == tally.sent


def settled(rolling: Rolling, containers: int = 1, **besides: int) -> None:
    """See that nothing is left over, that `current` names what runs, and that plain Compose has nothing to do."""
    stack = rolling.stack
    rows = [row.split() for row in _ps(f"label={PROJECT}={stack.name}")]
    assert Counter(row[1] for row in rows) == {"traefik": 1, "socket-proxy": 1, "app": containers, **besides}
    assert {row.split()[0] for row in _ps(f"name=^{stack.name}-")} == {row[0] for row in rows}
    running = docker("inspect", "--format", "{{.State.Running}} {{.Image}}", *rolling.containers()).splitlines()
    assert set(running) == {f"true {rolling.image()}"}
    before = stack.ids()
    up = stack.compose("up", "--detach")
    assert up.status == 0, up.everything
    assert stack.ids() == before


def _ps(filtered: str) -> list[str]:
    return docker("ps", "--all", "--no-trunc", "--filter", filtered, "--format", ROWS).splitlines()


# ------------------------------------------------------------------ forth and back


def test_two_rolls_and_the_way_back_and_forth_drop_no_request(rolling: Rolling) -> None:
    versions, tags, seconds = [], [], []
    with rolling.load() as visitors:
        for _ in range(2):
            before = rolling.containers()
            versions.append(rolling.release())
            seconds.append(goes(rolling.up(), visitors, versions[-1]))
            tags.append(rolling.tag())
            assert not set(before) & set(rolling.containers())
        seconds.append(goes(rolling.stack.stack("rollback", "--yes"), visitors, versions[0]))
        assert rolling.tag() == tags[0]
        seconds.append(goes(rolling.stack.stack("rollback", "--yes", "--to", tags[1]), visitors, versions[1]))

    print("up, up, back and there again took", *(f"{one:.1f} s" for one in seconds))
    unharmed(visitors.tally)
    assert rolling.tag() == tags[1]
    assert rolling.history()[-4:] == ["up", "up", "rollback", "rollback"]
    settled(rolling)


def goes(done: Done, visitors: Load, version: str) -> float:
    """See that a command has ended well and that a version answers since, and return how long it took."""
    assert done.status == 0, done.everything
    assert visitors.answering() == {version}
    return done.seconds


# ------------------------------------------------------------------ versions that are no good


@dataclass(frozen=True)
class Bad:
    """A version that must not stay, and what is said of it."""

    says: tuple[str, ...]
    change: Change | None = None
    override: str = ""
    serves: bool = False
    """Whether it serves until it is found out."""


def _startup(text: str) -> str:
    return text.replace("    yield\n", '    os.environ["SHOP_KEY"]\n    yield\n', 1)


def _scheme(text: str) -> str:
    """Spell a link out as if nobody came by HTTPS: whoever looks at it is led astray, and nobody else is harmed."""
    wrong = '@app.get("/shelf")\nasync def old():\n    return RedirectResponse("http://localhost/shelf/")\n'
    importing = "from fastapi.responses import "
    return text.replace(importing, f"{importing}RedirectResponse, ").replace(
        '@app.get("/health")', f'{wrong}\n\n@app.get("/health")'
    )


PRESTART = """services:
  app: { depends_on: { prestart: { condition: service_completed_successfully } } }
  prestart:
    image: ${COMPOSE_PROJECT_NAME}-app:current
    pull_policy: never
    command: [python, -c, "raise SystemExit('no such table')"]
    network_mode: none
    healthcheck: { disable: true }
    restart: "no"
"""

BAD = {
    "that cannot be imported": Bad(
        ("cannot import main:app", "no_such_module"),
        lambda text: text.replace("import os\n", "import no_such_module\n"),
    ),
    "that does not start": Bad(("SHOP_KEY", "stack secret set", "the version from before serves"), _startup),
    "that a check refuses": Bad(
        ("app.scheme", "http://localhost/shelf/", "the version from before serves again"), _scheme, serves=True
    ),
    "whose step before it fails": Bad(("prestart ended with status 1", "no such table"), override=PRESTART),
}
TIRING = {"that does not start", "whose step before it fails"}
"""Left to the soak: the way back is the same."""


@pytest.mark.parametrize("kind", [pytest.param(one, marks=[pytest.mark.long] * (one in TIRING)) for one in BAD])
def test_a_version_is_taken_back_and_nobody_notices(rolling: Rolling, kind: str) -> None:
    bad, old = BAD[kind], rolling.version()
    before = rolling.containers(), rolling.image()
    version = rolling.release(bad.change)
    if bad.override:
        rolling.stack.override(bad.override)

    with rolling.load() as visitors:
        up = rolling.up()
        assert visitors.answering() == {old}

    print(f"a version {kind}: found out after {up.seconds:.1f} s")
    assert up.status == 1, up.everything
    assert [words for words in bad.says if words not in up.everything] == [], up.everything
    unharmed(visitors.tally)
    assert set(visitors.tally.versions) == {old, *([version] if bad.serves else [])}
    assert (rolling.containers(), rolling.image()) == before
    (rolling.stack.folder / OVERRIDE).unlink(missing_ok=True)
    settled(rolling)


# ------------------------------------------------------------------ what is under way, and what is busy


def test_what_is_under_way_is_brought_to_its_end(rolling: Rolling) -> None:
    old, port = rolling.version(), rolling.stack.https_port
    version = rolling.release()
    with ThreadPoolExecutor(1) as aside, Events(port) as events, Socket(port) as socket:
        # One is always under way when the old version is taken out of service.
        with rolling.load(path=f"/slow?seconds={SLOW}", posts=False, rate=2, patience=3 * SLOW) as slow:
            rolled = aside.submit(rolling.up)
            socket.ends()
        events.ends()
        up = rolled.result()
    with Events(port) as events_again, Socket(port) as socket_again:
        pass

    assert up.status == 0, up.everything
    lived, answered = events.ended - socket.ended, slow.tally.last.get(old, 0) - socket.ended
    print(f"after the signal a stream lived {lived:.1f} s, and the last answer came after {answered:.1f} s")
    assert (socket.said, socket.code) == ([old], 1012)
    assert set(events.said) == {old}
    assert GRACEFUL - 2 < lived < GRACEFUL + 5
    unharmed(slow.tally)
    assert SLOW / 3 < answered < SLOW
    assert {events_again.said[0], *socket_again.said} == {version}
    settled(rolling)


def test_an_app_that_is_busy_for_a_while_stays_in_service(rolling: Rolling) -> None:
    state = ("inspect", *rolling.containers(), "--format", "{{.Id}} {{.State.StartedAt}} {{.RestartCount}}")
    before, until = docker(*state), time.time() + BUSY

    with rolling.load() as visitors, ThreadPoolExecutor(16) as some:
        blocked = list(some.map(lambda _: ask(rolling.stack.https_port, f"/block?until={until}"), range(16)))

    assert len({one["worker"] for one in blocked if one["seconds"] > BUSY - 2}) == WORKERS
    unharmed(visitors.tally)
    assert visitors.tally.slowest > BUSY - 2
    assert docker(*state) == before
    assert rolling.stack.health("app") == "healthy"


@pytest.mark.long
def test_whoever_changes_his_mind_while_the_old_version_drains_keeps_it(rolling: Rolling) -> None:
    old, container = rolling.version(), rolling.containers()
    rolling.release()

    with rolling.load() as visitors, begun(rolling.stack) as up:
        eventually(lambda: docker("inspect", *container, "--format", "{{.State.Health.Status}}") == "unhealthy")
        up.send_signal(signal.SIGINT)
        said = up.communicate()[1]
        assert visitors.answering() == {old}

    assert up.returncode == INTERRUPTED, said
    assert "the version from before serves again" in said
    unharmed(visitors.tally)
    assert rolling.containers() == container
    settled(rolling)


def begun(stack: Stack) -> subprocess.Popen[str]:
    """Return an `up` that is under way."""
    words, env = [str(BIN / "stack"), "up", str(stack.folder), "--yes"], {**os.environ, **stack.env}
    return subprocess.Popen(words, env=env, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


# ------------------------------------------------------------------ two at once


def test_of_two_at_once_one_goes_on_and_the_other_is_told_of_it(rolling: Rolling) -> None:
    version = rolling.release()
    with ThreadPoolExecutor(2) as two:
        done, refused = sorted(two.map(lambda _: rolling.up(), range(2)), key=lambda one: one.status)

    assert done.status == 0, done.everything
    assert refused.status == REFUSED, refused.everything
    told = refused.json["error"]["message"]
    assert re.search(r"`stack up` of \S+@\S+ .*since .*\d\d:\d\d", told), told
    assert rolling.version() == version
    settled(rolling)
