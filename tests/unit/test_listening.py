"""What a container's log tells of workers that died, and what the text of /proc tells of process 1."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from docker.errors import APIError, NotFound

from scaffold.engine import Engine, listening
from scaffold.facts import Confinement, Deaths

from ..builders import container

SINCE = datetime(2026, 8, 1, 11, tzinfo=UTC)
AT = "2026-08-01T11:58:03.123456789Z"
LIMIT = f"{AT} INFO:     Maximum request limit of 1000 exceeded. Terminating process."
SAID = "Child process [8] died, 11:58:03 UTC"


def died(number: int = 8) -> str:
    return f"{AT} INFO:     Child process [{number}] died"


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], ()),
        ([f"{AT} INFO:     Started server process [9]", f"{AT} INFO:     Waiting for child process [8]"], ()),
        ([died()], (SAID,)),
        ([f'{AT} {{"level": "info", "message": "Child process [8] died"}}'], (SAID,)),
        ([f"{AT}       INFO   Child process [8] died"], (SAID,)),
        (
            [f"{AT} 2026/08/01 11:58:03 [alert] 1#1: worker process 7 exited on signal 9"],
            ("worker process 7 exited on signal 9, 11:58:03 UTC",),
        ),
        ([f"{AT} 2026/08/01 11:58:03 [notice] 1#1: worker process 7 exited with code 0"], ()),
        ([LIMIT, died()], ()),
        ([LIMIT, died(), died(9)], ("Child process [9] died, 11:58:03 UTC",)),
        ([LIMIT, LIMIT, died(), died(9)], ()),
        ([died(), LIMIT, died(9)], (SAID,)),
        (["nowhen INFO: Child process [8] died"], ("Child process [8] died, 11:00:00 UTC",)),
    ],
    ids=[
        "nothing",
        "an ordinary start and end",
        "Uvicorn",
        "in JSON",
        "fastapi run",
        "nginx",
        "nginx, told to",
        "had served its time",
        "one had, and one had not",
        "both had",
        "one died before",
        "a log without moments",
    ],
)
def test_a_worker_that_died_is_told_and_one_that_had_served_its_time_is_not(
    lines: list[str], words: tuple[str, ...]
) -> None:
    assert listening.died("demo-app-1", lines, SINCE) == Deaths("demo-app-1", words, SINCE)


def test_a_log_that_is_longer_than_what_is_read_tells_from_when_on() -> None:
    lines = [f"{AT} GET / 200"] * listening.LINES
    assert listening.died("demo-app-1", lines, SINCE).since == datetime(2026, 8, 1, 11, 58, 3, 123456, tzinfo=UTC)


def test_of_a_log_that_cannot_be_read_nothing_is_told() -> None:
    def logs(name: str, **options: Any) -> bytes:
        if name == "id-of-gone":
            raise NotFound("no such container")
        if name == "id-of-app":
            raise APIError("configured logging driver does not support reading")
        assert (options["since"], options["tail"]) == ((SINCE - listening.DRAINING).timestamp(), listening.LINES)
        return died().encode()

    client: Any = SimpleNamespace(api=SimpleNamespace(logs=logs))
    asked = [container("gone"), container("app"), container("traefik")]
    assert Engine(client).deaths(asked, SINCE) == (Deaths("demo-traefik-1", (SAID,), SINCE),)


STATUS = "Name:\tnginx\nUid:\t10001\t10001\t10001\t10001\nGroups:\t\nCapEff:\t0000000000000400\nNoNewPrivs:\t1\n"


@pytest.mark.parametrize(
    ("status", "seen"),
    [
        (STATUS, Confinement(10001, 0x400, locked=True)),
        (STATUS.replace("NoNewPrivs:\t1", "NoNewPrivs:\t0"), Confinement(10001, 0x400, locked=False)),
        ("", None),
        ("Uid:\tnobody\nCapEff:\t0\n", None),
    ],
    ids=["locked", "not locked", "no text", "another text"],
)
def test_what_a_process_may_do_is_in_its_status(status: str, seen: Confinement | None) -> None:
    assert listening.confined(status) == seen


@pytest.mark.parametrize(
    ("status", "output", "seen"),
    [(0, STATUS.encode(), Confinement(10001, 0x400, locked=True)), (127, b"", None), (0, None, None)],
    ids=["told", "no cat", "nothing"],
)
def test_a_container_without_python_is_asked_in_another_way(
    status: int, output: bytes | None, seen: Confinement | None
) -> None:
    running = SimpleNamespace(exec_run=lambda _words, **_options: SimpleNamespace(exit_code=status, output=output))
    client: Any = SimpleNamespace(containers=SimpleNamespace(get=lambda _name: running))
    assert listening.confinement(client, container("app")) == seen


def test_a_container_that_is_gone_is_not_asked() -> None:
    def gone(_name: str) -> None:
        raise NotFound("no such container")

    client: Any = SimpleNamespace(containers=SimpleNamespace(get=gone))
    assert listening.confinement(client, container("app")) is None
