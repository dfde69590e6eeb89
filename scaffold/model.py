"""Reading what `docker compose config --format json` prints into values."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from .project import Build, Port, Project, Service


def parse(model: Mapping[str, Any], hashes: Mapping[str, str], directory: Path) -> Project:
    """Return the project that `docker compose config --format json` describes.

    `hashes` is what `docker compose config --hash '*'` prints, by service.
    """
    bodies: Mapping[str, Mapping[str, Any]] = model.get("services") or {}
    ending = {
        needed
        for body in bodies.values()
        for needed, how in (body.get("depends_on") or {}).items()
        if how.get("condition") == "service_completed_successfully"
    }
    services = tuple(_service(name, body, hashes.get(name, ""), model) for name, body in bodies.items())
    return Project(
        name=model["name"],
        directory=directory,
        services=tuple(replace(one, one_shot=one.name in ending) for one in services),
        extra={key: _literal(value) for key, value in (model.get("x-stack") or {}).items()},
    )


def _service(name: str, body: Mapping[str, Any], digest: str, model: Mapping[str, Any]) -> Service:
    mounts = body.get("volumes") or ()
    binds = [one for one in mounts if one.get("type") == "bind"]
    return Service(
        name=name,
        image=_literal(body.get("image")) or f"{model['name']}-{name}",
        hash=digest,
        build=_build(body.get("build")),
        entrypoint=tuple(_literal(word) for word in body.get("entrypoint") or ()),
        command=tuple(_literal(word) for word in body.get("command") or ()),
        environment={key: _literal(value) for key, value in (body.get("environment") or {}).items()},
        labels={key: _literal(value) for key, value in (body.get("labels") or {}).items()},
        ports=tuple(_port(port) for port in body.get("ports") or () if port.get("published")),
        binds={**{one["target"]: Path(_literal(one["source"])) for one in binds}, **_secrets(body, model)},
        written=frozenset(one["target"] for one in binds if not one.get("read_only")),
        volumes={one["target"]: _volume(one.get("source", ""), model) for one in mounts if one.get("type") == "volume"},
        replicas=(body.get("deploy") or {}).get("replicas", body.get("scale", 1)),
        needs=tuple(body.get("depends_on") or ()),
        memory=_memory(body),
    )


def _memory(body: Mapping[str, Any]) -> int:
    """Return the limit of one container, which Compose takes in either place."""
    limits = ((body.get("deploy") or {}).get("resources") or {}).get("limits") or {}
    return int(body.get("mem_limit") or limits.get("memory") or 0)


def _secrets(body: Mapping[str, Any], model: Mapping[str, Any]) -> dict[str, Path]:
    """Return the secret files of a service by their place in it, which Compose may leave to its default."""
    known = model.get("secrets") or {}
    return {
        f"/run/secrets/{(one.get('target') or one['source']).removeprefix('/run/secrets/')}": Path(
            _literal(known[one["source"]]["file"])
        )
        for one in body.get("secrets") or ()
        if "file" in known.get(one["source"], {})
    }


def _volume(name: str, model: Mapping[str, Any]) -> str:
    known = (model.get("volumes") or {}).get(name) or {}
    return str(known.get("name") or name)


def _build(body: Mapping[str, Any] | None) -> Build | None:
    if not body:
        return None
    args = {key: _literal(value) for key, value in (body.get("args") or {}).items()}
    return Build(context=Path(_literal(body["context"])), dockerfile=body.get("dockerfile", "Dockerfile"), args=args)


def _port(body: Mapping[str, Any]) -> Port:
    return Port(
        published=int(str(body["published"]).partition("-")[0]),
        target=int(body["target"]),
        host_ip=body.get("host_ip", ""),
    )


def _literal(value: object) -> str:
    """`docker compose config` doubles every dollar sign, so that its output can be read back."""
    return "" if value is None else str(value).replace("$$", "$")
