"""A real SSH server on 127.0.0.1 with keys of its own, and a user whose `ssh` knows of nothing else."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.rig.ssh import SSHD

from .stacks import eventually, free_ports, run

SERVER = """Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
PidFile none
AuthorizedKeysFile {folder}/authorized_keys
StrictModes no
UsePAM no
PermitRootLogin yes
PasswordAuthentication {passwords}
KbdInteractiveAuthentication no
"""
CLIENT = """Host *
  IdentityFile {folder}/key
  IdentitiesOnly yes
  UserKnownHostsFile {folder}/known_hosts
  GlobalKnownHostsFile none
  # What people have in there, and must not stand in the way
  LocalForward 127.0.0.1:1 127.0.0.1:2
  RemoteCommand echo nobody asked for this
  RequestTTY force
"""
WRAPPER = """#!/bin/sh
printf '%s\\n' "$(printf '%s ' "$@" | tr '\\n' ' ')" >> {folder}/calls
exec {ssh} -F {folder}/config "$@"
"""


@dataclass
class Sshd:
    """The server, and both sides' files in one folder."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    user: str = "root"

    @classmethod
    def made(cls, folder: Path) -> Sshd:
        """Make keys for both sides, let the user in, and start the server."""
        own = cls(folder, free_ports(1)[0])
        own.key("key")
        own.key("host_key")
        own.let_in()
        own.start()
        return own

    @property
    def address(self) -> str:
        return f"ssh://{self.user}@127.0.0.1:{self.port}"

    @property
    def known(self) -> Path:
        """What the user knows of host keys."""
        return self.folder / "known_hosts"

    @property
    def calls(self) -> list[str]:
        """Return how `ssh` was called, each time."""
        return (self.folder / "calls").read_text().splitlines()

    @property
    def env(self) -> Mapping[str, str]:
        """The environment of a user; by a wrapper, as `ssh` reads its configuration in the home the system knows."""
        commands = self.folder / "bin"
        if not commands.exists():
            commands.mkdir()
            (self.folder / "config").write_text(CLIENT.format(folder=self.folder))
            (commands / "ssh").write_text(WRAPPER.format(folder=self.folder, ssh=shutil.which("ssh")))
            (commands / "ssh").chmod(0o755)
        return {"PATH": f"{commands}:{os.environ['PATH']}", "SSH_AUTH_SOCK": ""}

    def key(self, name: str) -> None:
        """Make a new key in the place of one."""
        for path in (self.folder / name, self.folder / f"{name}.pub"):
            path.unlink(missing_ok=True)
        done = run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder / name)
        assert done.status == 0, done.everything

    def let_in(self) -> None:
        shutil.copy(self.folder / "key.pub", self.folder / "authorized_keys")

    def knows(self) -> None:
        """Have the user know the server's key."""
        kind, key = (self.folder / "host_key.pub").read_text().split()[:2]
        self.known.write_text(f"[127.0.0.1]:{self.port} {kind} {key}\n")

    def start(self, *more: str, passwords: bool = False) -> None:
        Path("/run/sshd").mkdir(exist_ok=True)  # where it wants to have an empty folder
        said = SERVER.format(port=self.port, folder=self.folder, passwords="yes" if passwords else "no")
        (self.folder / "sshd_config").write_text(said + "".join(f"{line}\n" for line in more))
        with (self.folder / "sshd.log").open("ab") as log:
            self.process = subprocess.Popen([SSHD, "-D", "-e", "-f", self.folder / "sshd_config"], stderr=log)
        eventually(self._listens)

    def stop(self) -> None:
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait()

    def _listens(self) -> bool:
        with socket.socket() as peer:
            return peer.connect_ex(("127.0.0.1", self.port)) == 0
