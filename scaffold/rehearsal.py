"""A first order from an authority for trials: a throw-away Traefik, as the stack's own would be (FACTS T11)."""

import json
from collections.abc import Sequence
from typing import Any

from .project import CUSTOM, DNS, SECRETS, Project

ROUTERS = "/etc/traefik/dynamic/rehearsal"
WRITE = f'printf %s "$$STACK_REHEARSAL" > {ROUTERS}/routers.yaml && exec "$$@"'
"""Doubled dollar signs, because Compose reads it."""


def name(project: Project) -> str:
    """Return the name of the throw-away container."""
    return f"{project.name}-rehearsal"


def patch(project: Project, hosts: Sequence[str]) -> dict[str, Any]:
    """Return what makes the stack's Traefik one that only orders certificates for these hosts.

    Its storage is in memory, it knows the authority for trials alone, and nothing of Docker: its routers lead nowhere.
    """
    proxy, local = project.proxy, project.directory / SECRETS / "tls"  # for a name in it, nothing would be ordered
    environment = {
        key: value for key, value in proxy.environment.items() if not key.startswith("TRAEFIK_PROVIDERS_DOCKER_")
    }
    environment |= {
        "STACK_CERTIFICATES": CUSTOM,
        "STACK_ACME_DIRECTORY": project.rehearsal_directory,
        "STACK_REHEARSAL": json.dumps(_routers(hosts)),
    }
    return {
        "entrypoint": ["sh", "-c", WRITE, "sh", *map(_escaped, (*proxy.entrypoint, *proxy.command))],
        "command": [],
        "depends_on": {},
        "environment": {key: _escaped(value) for key, value in environment.items()},
        "labels": {},
        "network_mode": "bridge",
        "networks": {},
        "restart": "no",
        "ports": _ports(project),
        "volumes": [
            {
                "type": "bind",
                "source": _escaped(str(path)),
                "target": place,
                "read_only": place not in proxy.written,
                "bind": {"create_host_path": True},
            }
            for place, path in proxy.binds.items()
            if path != local and not place.startswith("/run/secrets/")
        ],
        "tmpfs": ["/tmp:mode=1777,size=16m", f"{ROUTERS}:mode=1777,size=1m"],  # noqa: S108 - inside the container
    }


def _routers(hosts: Sequence[str]) -> dict[str, Any]:
    """Return a router for every host, as Traefik's file provider reads them (JSON is YAML)."""
    rules = {
        f"rehearsal-{place}": {"rule": f"Host(`{host}`)", "entryPoints": ["websecure"], "service": "noop@internal"}
        for place, host in enumerate(hosts)
    }
    return {"http": {"routers": rules}}


def _ports(project: Project) -> list[dict[str, Any]]:
    """Return the stack's ports; or any, on this machine only, when the authority looks for a record in DNS."""
    if project.challenge == DNS:
        return [{"target": project.https_port, "host_ip": "127.0.0.1", "mode": "ingress"}]
    return [
        {"target": port.target, "published": str(port.published), "host_ip": port.host_ip, "mode": "ingress"}
        for port in project.proxy.ports
    ]


def _escaped(text: str) -> str:
    return text.replace("$", "$$")
