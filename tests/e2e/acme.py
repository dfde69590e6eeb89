"""A real ACME authority for tests: Pebble, outside the project, validating through the published ports.

It listens on the gateway of a network of its own, where containers of any network reach the host; its validation
goes to 127.0.0.1, where the project publishes, because the tests' own DNS says so for every name below `.test`.
"""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import trustme

from .stacks import Stack, docker, eventually, free_ports, run

TOOLBOX = "fastapi-stack-toolbox:1"


@dataclass(frozen=True)
class Authority:
    """Pebble; `roots` is the PEM file that a project is given as `acme_root`."""

    name: str
    folder: Path
    gateway: str
    directory: str
    management: str
    dns: str
    roots: Path

    @classmethod
    def prepare(cls, folder: Path, name: str, stack: Stack, dns: str, **settings: object) -> Authority:
        """Make network, keys and configuration for one stack's ports; start nothing."""
        run("docker", "network", "rm", name)
        docker("network", "create", name)
        gateway = docker("network", "inspect", name, "--format", "{{(index .IPAM.Config 0).Gateway}}")
        directory_port, management_port = free_ports(2)
        ca = trustme.CA()
        ca.issue_cert(gateway, "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(folder / "pebble.pem"))
        configuration = {
            "listenAddress": f"{gateway}:{directory_port}",
            "managementListenAddress": f"127.0.0.1:{management_port}",
            "certificate": "/pebble/pebble.pem",
            "privateKey": "/pebble/pebble.pem",
            "httpPort": stack.http_port,
            "tlsPort": stack.https_port,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": False,
            **settings,
        }
        (folder / "pebble.json").write_text(json.dumps({"pebble": configuration}))
        roots = folder / "roots.pem"
        ca.cert_pem.write_to_path(str(roots))
        folder.chmod(0o755)
        roots.chmod(0o644)
        directory, management = f"https://{gateway}:{directory_port}/dir", f"https://127.0.0.1:{management_port}"
        return cls(name, folder, gateway, directory, management, dns, roots)

    @property
    def answers(self) -> dict[str, object]:
        """The answers of a project whose certificates come from it."""
        return {"certificates": "custom", "acme_directory": self.directory, "acme_root": self.roots}

    def start(self) -> None:
        """Start it, and add the root it signs with to the roots: Pebble makes a new one at every start."""
        settings = ("--env", "PEBBLE_VA_NOSLEEP=1", "--env", "PEBBLE_WFE_NONCEREJECT=0")
        place = ("--name", f"{self.name}-acme", "--network", "host", "--volume", f"{self.folder}:/pebble:ro")
        words = ("pebble", "-config", "/pebble/pebble.json", "-dnsserver", self.dns)
        docker("run", "--detach", *place, *settings, TOOLBOX, *words)
        eventually(lambda: self._root() != b"")
        self.roots.write_bytes(self.own_root + b"\n\n" + self._root())

    @property
    def own_root(self) -> bytes:
        """The root of its own HTTPS address, which signs nobody else's certificate."""
        return self.roots.read_bytes().partition(b"\n\n")[0].strip()

    def _root(self) -> bytes:
        trust = ssl.create_default_context(cafile=str(self.roots))
        try:
            with urllib.request.urlopen(f"{self.management}/roots/0", context=trust, timeout=5) as answer:
                return bytes(answer.read())
        except (urllib.error.URLError, ConnectionError):
            return b""

    def log(self) -> str:
        """Return what Pebble wrote."""
        done = run("docker", "logs", f"{self.name}-acme")
        return done.out + done.err

    def remove(self) -> None:
        """Take away its container and its network."""
        run("docker", "rm", "--force", f"{self.name}-acme")
        run("docker", "network", "rm", self.name)
