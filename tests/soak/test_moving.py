"""A stack moves from a proxy of its own to a shared one, and back: its certificate and its data come along."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.e2e.acme import Authority
from tests.e2e.conftest import Make
from tests.e2e.stacks import Stack, docker

Prepare = Callable[..., Authority]


@dataclass(frozen=True)
class Seen:
    """What a visitor gets that has to outlive a move."""

    visits: int
    certificate: bytes


def visit(stack: Stack) -> Seen:
    page = stack.get("demo.test", "/visits")
    assert page.status == 200, page.text
    return Seen(page.json["visits"], page.certificate)


def moved(stack: Stack, *answers: str) -> list[str]:
    """Give a project another proxy; write what `stack update` names into .env, and commit. Return these lines."""
    words = [word for answer in answers for word in ("--data", answer)]
    updated = stack.stack("update", *words)
    assert updated.status == 0, updated.everything
    lines: list[str] = updated.json["env_lacks"]
    assert any(line.startswith("STACK_") for line in updated.json["env_idle"])
    env = stack.folder / ".env"
    env.write_text("\n".join([env.read_text(), *lines, ""]))
    stack.git("add", "--all")
    stack.git("commit", "--quiet", "--message", "moved")
    return lines


def test_there_and_back_again(make: Make, authority: Prepare) -> None:
    stack = make("mover")
    pebble = authority(stack)
    pebble.start()
    stack.new(domain="demo.test", redis=True, **pebble.answers)
    stack.git("init", "--quiet")
    stack.git("add", "--all")
    stack.git("commit", "--quiet", "--message", "new")
    stack.up()
    before = visit(stack)
    proxy = make("mover-proxy", **stack.env)
    proxy.http_port, proxy.https_port = stack.http_port, stack.https_port
    proxy.env |= stack.env

    assert moved(stack, "proxy=shared", f"proxy_project={proxy.name}") == [f"STACK_PROXY={proxy.name}"]
    early = stack.stack("up")
    assert early.status == 3, early.everything
    assert "there is no shared proxy named" in early.json["error"]["message"]
    proxy.new(kind="proxy", **pebble.answers)
    taking = proxy.up()

    over, away = (step for step in taking.json["plan"] if step.startswith("take "))
    assert away.startswith(f"take away socket-proxy, traefik of {stack.name}: it joins {proxy.name}")
    assert over == f"take the certificate for demo.test over from the volume {stack.name}_acme"
    stack.up()
    there = visit(stack)
    assert there == Seen(before.visits + 1, before.certificate)
    assert stack.stack("up").json["plan"] == []
    assert proxy.stack("up").json["plan"] == []

    docker("volume", "rm", f"{stack.name}_acme")
    assert moved(stack, "proxy=own") == []
    held = stack.stack("up")
    assert held.status == 3, held.everything
    assert f"container {proxy.name}-traefik-1" in str(held.json["findings"])
    assert proxy.stack("down", "--yes").status == 0
    returning = stack.up()

    assert f"take the certificate for demo.test over from the volume {proxy.name}_acme" in returning.json["plan"]
    assert visit(stack) == Seen(before.visits + 2, before.certificate)
    assert pebble.log().count("Issued certificate") == 1
