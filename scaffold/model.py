"""Reading what `docker compose config --format json` prints into values."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from . import durations
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
    services = tuple(_service(name, body, model, directory) for name, body in bodies.items())
    return Project(
        name=model["name"],
        directory=directory,
        services=tuple(replace(one, hash=hashes.get(one.name, ""), one_shot=one.name in ending) for one in services),
        extra={key: _literal(value) for key, value in (model.get("x-stack") or {}).items()},
    )


def _service(name: str, body: Mapping[str, Any], model: Mapping[str, Any], directory: Path) -> Service:
    # A path of the model is whole; what it is joined to tells on which machine it is.
    mounts = body.get("volumes") or ()
    binds = [one for one in mounts if one.get("type") == "bind"]
    return Service(
        name=name,
        image=_literal(body.get("image")) or f"{model['name']}-{name}",
        build=_build(body.get("build"), directory),
        entrypoint=tuple(_literal(word) for word in body.get("entrypoint") or ()),
        command=tuple(_literal(word) for word in body.get("command") or ()),
        environment={key: _literal(value) for key, value in (body.get("environment") or {}).items()},
        labels={key: _literal(value) for key, value in (body.get("labels") or {}).items()},
        ports=tuple(_port(port) for port in body.get("ports") or () if port.get("published")),
        binds={
            **{one["target"]: directory / _literal(one["source"]) for one in binds},
            **{place: directory / file for place, file in _files("configs", "/", body, model)},
            **{place: directory / file for place, file in _files("secrets", "/run/secrets/", body, model)},
        },
        written=frozenset(one["target"] for one in binds if not one.get("read_only")),
        volumes={one["target"]: _volume(one.get("source", ""), model) for one in mounts if one.get("type") == "volume"},
        replicas=(body.get("deploy") or {}).get("replicas", body.get("scale", 1)),
        needs=tuple(body.get("depends_on") or ()),
        memory=int(body.get("mem_limit") or _limits(body).get("memory") or 0),
        pids=int(body.get("pids_limit") or _limits(body).get("pids") or 0),
        user=_literal(body.get("user")),
        grace=durations.seconds(body.get("stop_grace_period", "10s")),
        container_name=_literal(body.get("container_name")),
        healthcheck=_healthcheck(body.get("healthcheck") or {}),
    )


def _healthcheck(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the words of a healthcheck, without the one that says how they are run; `NONE` is no healthcheck."""
    test = [_literal(word) for word in body.get("test") or ()]
    return () if body.get("disable") else tuple(test[1:])


def _limits(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the limits of one container in the other one of the two places where Compose takes them."""
    return ((body.get("deploy") or {}).get("resources") or {}).get("limits") or {}


def _files(kind: str, home: str, body: Mapping[str, Any], model: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the files of a service's secrets or configs by their place in it, which the model may leave open."""
    known = model.get(kind) or {}
    for one in body.get(kind) or ():
        if "file" in known.get(one["source"], {}):
            yield str(PurePosixPath(home, one.get("target") or one["source"])), _literal(known[one["source"]]["file"])


def _volume(name: str, model: Mapping[str, Any]) -> str:
    known = (model.get("volumes") or {}).get(name) or {}
    return str(known.get("name") or name)


def _build(body: Mapping[str, Any] | None, directory: Path) -> Build | None:
    if not body:
        return None
    args = {key: _literal(value) for key, value in (body.get("args") or {}).items()}
    return Build(
        context=directory / _literal(body["context"]), dockerfile=body.get("dockerfile", "Dockerfile"), args=args
    )


def _port(body: Mapping[str, Any]) -> Port:
    return Port(
        published=int(str(body["published"]).partition("-")[0]),
        target=int(body["target"]),
        host_ip=body.get("host_ip", ""),
    )


def _literal(value: object) -> str:
    """`docker compose config` doubles every dollar sign, so that its output can be read back."""
    return "" if value is None else str(value).replace("$$", "$")
