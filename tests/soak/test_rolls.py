"""New versions, ten in a row and cut off at every step; what plain Compose does to the same visitors; and rest."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from functools import partial
from statistics import median

import pytest

from tests.e2e.between import ask
from tests.e2e.conftest import Make
from tests.e2e.load import Load, Tally
from tests.e2e.stacks import BIN, Stack, docker, eventually
from tests.e2e.test_roll import PROJECT, ROWS, Rolling, settled, unharmed

ROLLS, ROUNDS = 10, 5
SHAPES = {"2 workers": {"workers": 2}, "3 replicas": {"workers": 1, "replicas": 3}}
MOMENTS = (0.0, 0.7, 2.5)
"""Seconds after a step has begun: before it has done anything, and in the middle of it; of a short one, in the next."""
BEGINS = "… "
"""What the line of a step begins with, where there is no terminal."""
REST_SECONDS = 60
REST = 0.05
"""The most of one core that a stack may take which nobody asks for anything."""
NANO = 1e9
LONG = {"seconds": 3600, "most": 800_000}


# ------------------------------------------------------------------ ten in a row


def rolled(rolling: Rolling, visitors: Load, number: int) -> None:
    """Bring a new version up, and print what came of it; what failed is looked at when all are up."""
    before, version = visitors.tally, rolling.release()
    up = rolling.up()
    assert up.status == 0, up.everything
    assert visitors.answering() == {version}
    after = visitors.tally
    print(f"{number:6} {up.seconds:8.1f} {after.ended - before.ended:9} {after.failed - before.failed:7}")


def composed(rolling: Rolling) -> Tally:
    """Return what the same visitors meet when plain Compose brings a new version up."""
    version = rolling.release()
    with rolling.load(**LONG) as visitors:
        up = rolling.stack.compose("up", "--detach", "--build")
        assert up.status == 0, up.everything
        eventually(lambda: visitors.answering() == {version})
    return visitors.tally


@pytest.mark.parametrize("shape", SHAPES)
def test_ten_rolls_drop_no_request_and_plain_compose_is_counted_beside(make: Make, shape: str) -> None:
    answers = SHAPES[shape]
    rolling = Rolling.made(make(f"rolls-{shape.replace(' ', '-')}"), **answers)

    print(f"\n{shape}\n  roll  seconds  requests  failed")
    with rolling.load(**LONG) as visitors:
        for number in range(1, ROLLS + 1):
            rolled(rolling, visitors, number)
    unharmed(visitors.tally)
    settled(rolling, answers.get("replicas", 1))
    plain = composed(rolling)

    print(f"docker compose up -d --build, once: {plain}")


# ------------------------------------------------------------------ how long it takes


def test_a_roll_is_timed_beside_plain_compose(make: Make) -> None:
    rolling = Rolling.made(make("timed"), workers=2)
    plain = partial(rolling.stack.compose, "up", "--detach", "--build", "--wait")
    ratios = []

    print("\nround  stack up, until alone  whole  docker compose up -d --build --wait  ratio")
    for number in range(1, ROUNDS + 1):
        alone, ours, _ = rolling.until_alone(rolling.up, rate=20)
        _, theirs, _ = rolling.until_alone(plain, rate=20)
        ratios.append(alone / theirs.seconds)
        print(f"{number:5} {alone:22.1f} {ours.seconds:6.1f} {theirs.seconds:35.1f} {ratios[-1]:6.2f}")
    print(f"the middle one of these ratios: {median(ratios):.2f}")


# ------------------------------------------------------------------ versions that are no good


def test_a_version_that_never_gets_healthy_is_taken_back_and_nobody_notices(make: Make) -> None:
    rolling = Rolling.made(make("never"))
    old, before = rolling.version(), (rolling.containers(), rolling.image())
    rolling.release(lambda text: text.replace('return {"status": "ok"}', 'raise RuntimeError("the shelves are empty")'))

    with rolling.load() as visitors:
        up = rolling.up()
        assert visitors.answering() == {old}

    print(f"\nnever healthy: found out after {up.seconds:.1f} s")
    assert up.status == 1, up.everything
    for words in ("GET /health: 500", "the shelves are empty", "the version from before serves"):
        assert words in up.everything
    unharmed(visitors.tally)
    assert set(visitors.tally.versions) == {old}
    assert (rolling.containers(), rolling.image()) == before
    settled(rolling)


# ------------------------------------------------------------------ cut off


def planned(rolling: Rolling) -> list[str]:
    """Return the sentences of the steps that `up` would take."""
    dry = rolling.stack.stack("up", "--dry-run")
    assert dry.status == 0, dry.everything
    return list(map(str, dry.json["plan"]))


def cut_off(stack: Stack, steps: list[str], moment: float) -> bool:
    """Kill `up`, and all that it has started, when so many steps have begun; tell whether it came that far."""
    with subprocess.Popen(
        [BIN / "stack", "up", stack.folder, "--yes"],
        env={**os.environ, **stack.env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stderr
        left = list(steps)
        for line in process.stderr:
            if left and line.rstrip("\n") == BEGINS + left[0]:
                left.pop(0)
            if not left:
                time.sleep(moment)  # the moment is what is tried
                os.killpg(process.pid, signal.SIGKILL)
                return True
    return False


def mended(rolling: Rolling, number: int, moment: float) -> None:
    """Cut an `up` off at one of its steps, bring up what it would have, and print the row about it."""
    version = rolling.release()
    steps = planned(rolling)
    with rolling.load() as visitors:
        assert cut_off(rolling.stack, steps[: number + 1], moment), f"never began: {steps[number]}"
        up = rolling.up()
        assert up.status == 0, up.everything
        assert visitors.answering() == {version}
    tally = visitors.tally
    print(f"{number + 1:4} {moment:6.1f} {up.seconds:8.1f} {tally.sent:9} {tally.failed:7}  {steps[number]}")
    assert (tally.failures, tally.retried) == ({}, 0), str(tally)
    settled(rolling)


def test_one_more_up_mends_an_up_that_was_killed_at_any_step(make: Make) -> None:
    rolling = Rolling.made(make("cut"), workers=2)
    rolling.release()
    count = len(planned(rolling))

    print("\nstep  after   mended  requests  failed  killed while it was to")
    for number in range(count):
        for moment in MOMENTS:
            mended(rolling, number, moment)


# ------------------------------------------------------------------ rest


def used(stack: Stack) -> dict[str, float]:
    """Return the seconds of a core that each service has taken so far, healthchecks included: Docker adds them up."""
    rows = docker("ps", "--filter", f"label={PROJECT}={stack.name}", "--no-trunc", "--format", ROWS).splitlines()
    ids = {service: identity for identity, service in map(str.split, rows)}
    told = {service: ask(f"/containers/{one}/stats?stream=false&one-shot=true")[1] for service, one in ids.items()}
    return {service: one["cpu_stats"]["cpu_usage"]["total_usage"] / NANO for service, one in told.items()}


def shares(stack: Stack) -> dict[str, float]:
    """Return what share of a core each service takes while nobody asks it for anything."""
    before = used(stack)
    time.sleep(REST_SECONDS)  # the time is what is tried
    after = used(stack)
    return {service: (after[service] - before[service]) / REST_SECONDS for service in sorted(after)}


def test_the_healthchecks_of_a_stack_that_nobody_asks_take_hardly_anything(make: Make) -> None:
    stack = make("rest")
    stack.new(postgres="true", redis="true")
    stack.up()
    checked = shares(stack)
    # Once they are healthy, nobody asks them again before the test is over.
    stack.override("services:\n" + "".join(f"  {name}: {{healthcheck: {{interval: 1h}}}}\n" for name in checked))
    up = stack.compose("up", "--detach", "--wait")
    assert up.status == 0, up.everything

    idle = shares(stack)

    print("\nat rest, of one core   with healthchecks  without")
    for service, share in checked.items():
        print(f"  {service:20} {share:17.1%} {idle[service]:8.1%}")
    together = sum(checked.values()) - sum(idle.values())
    print(f"  the healthchecks take {together:.1%}")
    assert set(checked) >= {"app", "postgres", "redis", "traefik", "socket-proxy"}
    assert all(checked.values())
    assert together <= REST
