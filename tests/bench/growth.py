"""Row 7: more projects behind one shared proxy, and more workers in one container."""

from __future__ import annotations

import time
from contextlib import ExitStack

from tests.e2e.stacks import Stack, docker

from .contenders import APPS, NotServed, made, reserved, target
from .figures import Table
from .memory import weight
from .pressure import flood

PROJECTS = (1, 10, 20)
WORKERS = (1, 2, 4, 8)


def grow(table: Table, rounds: int) -> None:
    """Measure row 7."""
    _projects(table)
    _workers(table, rounds)


def _projects(table: Table) -> None:
    with ExitStack() as undone:
        proxy = reserved("proxy")
        undone.callback(proxy.remove)
        proxy.new(kind="proxy")
        _good(proxy)
        stacks: list[Stack] = []
        answers: dict[str, list[float]] = {}
        memory: dict[str, list[float]] = {}
        checks: dict[str, list[float]] = {}
        for number in range(1, max(PROJECTS) + 1):
            stack = reserved(f"grown-{number}")
            stack.env |= {name: proxy.env[name] for name in ("STACK_HTTP_PORT", "STACK_HTTPS_PORT")}
            stack.http_port, stack.https_port = proxy.http_port, proxy.https_port
            undone.callback(stack.remove)
            stack.take(APPS / "plain")
            stack.new(proxy="shared", domain=f"grown-{number}.localhost", workers=1)
            begun = time.monotonic()
            _good(stack)
            seconds = time.monotonic() - begun
            stacks.append(stack)
            if number in PROJECTS:
                name = f"{number} project{'s' if number > 1 else ''}"
                answers[name] = [seconds]
                memory[name] = [weight(proxy.container("traefik"))]
                done = stacks[0].stack("check")
                table.require(not done.status, f"{name}: check fails: {done.failed}")
                checks[name] = [done.seconds]
    first = f"{PROJECTS[0]} project"
    table.take(7, "seconds of stack up for the newest", answers, first)
    table.take(7, "MiB of the shared Traefik", memory, first)
    table.take(7, "seconds of stack check for the first", checks, first)


def _workers(table: Table, rounds: int) -> None:
    found: dict[str, list[float]] = {}
    memory: dict[str, list[float]] = {}
    with made("grown") as stack:
        for count in WORKERS:
            stack.env |= {"STACK_WORKERS": str(count), "STACK_APP_MEMORY": "2048"}
            _good(stack)
            name = f"{count} worker{'s' if count > 1 else ''}"
            flood(target(stack), "/plain", 2)
            seen = [flood(target(stack), "/plain") for _ in range(rounds)]
            table.require(not any(one.bad for one in seen), f"{name}: requests failed")
            found[name] = [one.per_second for one in seen]
            memory[name] = [weight(stack.container("app"))]
    table.take(7, "requests/s", found, "1 worker")
    table.take(7, "MiB of the app", memory, "1 worker")


def _good(stack: Stack) -> None:
    done = stack.stack("up")
    if done.status:
        raise NotServed(done.everything + docker("ps"))
