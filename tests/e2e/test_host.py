"""`stack host`: a real SSH server is looked at, and nothing of it is changed; whatever does not let us in is told."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pytest

from tests.rig import engine as rig
from tests.rig.ssh import SSHD

from .sshd import Sshd
from .stacks import BIN, Done, run

NEEDS = 11
NOT_READY = 3


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Sshd]:
    if not SSHD.exists() and not rig.installed_here():
        pytest.skip("no SSH server's program on this machine; where the rig installs things there is one")
    own = Sshd.made(tmp_path)
    yield own
    own.stop()


def look(server: Sshd) -> Done:
    return run(BIN / "stack", "host", server.address, "--json", env=server.env)


def test_a_server_says_what_it_has_and_lacks(server: Sshd) -> None:
    server.knows()

    done = look(server)

    told = {one["id"]: one for one in done.json["findings"]}
    assert len(told) == NEEDS
    assert (done.json["server"], done.json["ok"]) == (server.address, done.status == 0)
    assert told["server.docker"]["status"] == told["server.versions"]["status"] == "pass"
    assert told["server.clock"]["seen"][0].startswith("as the clock here")
    assert told["server.passwords"]["seen"] == ["by publickey only"]
    for one in told.values():
        assert one["promise"]
        assert one["seen"]
        assert bool(one["mend"]) or one["status"] in {"pass", "skip"}, one
    screen = run(BIN / "stack", "host", server.address, env=server.env)
    assert screen.status == done.status
    assert "✓ server.docker" in screen.out
    assert "\x1b" not in screen.out


def test_passwords_that_are_taken_are_told_with_what_ends_that(server: Sshd) -> None:
    server.knows()
    server.stop()
    server.start(passwords=True)

    told = {one["id"]: one for one in look(server).json["findings"]}["server.passwords"]

    assert (told["status"], told["seen"]) == ("warn", ["its SSH server takes publickey, password"])
    assert "PasswordAuthentication no" in told["mend"]


def forget_the_server(server: Sshd) -> None:
    server.known.unlink(missing_ok=True)


def change_the_key(server: Sshd) -> None:
    server.knows()
    server.stop()
    server.key("host_key")
    server.start()


def shut_us_out(server: Sshd) -> None:
    server.knows()
    (server.folder / "authorized_keys").write_text("")


def stop_it(server: Sshd) -> None:
    server.stop()


@pytest.mark.parametrize(
    ("happens", "message", "hint"),
    [
        (forget_the_server, "is not known here", "fingerprint"),
        (change_the_key, "another host key than the one that is known", "ssh-keygen -R"),
        (shut_us_out, "does not let us in", "authorized_keys"),
        (stop_it, "no SSH server listens", "console"),
    ],
    ids=["unknown key", "changed key", "refused key", "no server"],
)
def test_who_cannot_get_in_is_told_why(server: Sshd, happens: Callable[[Sshd], None], message: str, hint: str) -> None:
    happens(server)
    before = server.known.read_bytes() if server.known.exists() else None

    done = look(server)

    assert done.status == NOT_READY, done.everything
    assert message in done.json["error"]["message"]
    assert hint in done.json["error"]["hint"]
    assert done.json["error"]["evidence"]
    assert (server.known.read_bytes() if server.known.exists() else None) == before


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_at_a_terminal_an_unknown_key_is_shown_and_asked_about(server: Sshd, answer: str) -> None:
    env = {**os.environ, **server.env, "CI": ""}
    words = ["host", server.address]
    with pexpect.spawn(
        str(BIN / "stack"), words, env=env, timeout=60, encoding="utf-8", dimensions=(60, 100)
    ) as person:
        person.expect("ED25519 key fingerprint is SHA256:")
        person.expect(r"\(yes/no/\[fingerprint\]\)\?")
        person.sendline(answer)
        person.expect("server.docker" if answer == "yes" else "is not known here")
        person.expect(pexpect.EOF)
    assert server.known.exists() is (answer == "yes")
