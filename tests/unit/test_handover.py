"""What one project takes from another, at an engine that keeps containers, networks and volumes in memory."""

from __future__ import annotations

import io
import json
import tarfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from types import SimpleNamespace
from typing import Any

import pytest
from docker.errors import APIError, NotFound

from scaffold.engine import handover, volumes
from scaffold.engine.volumes import LOOK, LOOK_SECONDS, clear_away
from scaffold.errors import StackError
from scaffold.facts import Kept
from scaffold.project import Project

from ..builders import HOST, OTHER_HOST, joining_project, project, with_environment, with_service

IMAGE = "traefik:v3.7.15"
IMAGES = (IMAGE,)
PROJECT = "com.docker.compose.project"
FRONT = ("socket-proxy", "traefik")


@dataclass
class Box:
    """A container, as Docker's SDK gives it."""

    docker: Docker
    project: str
    service: str
    status: str = "running"
    mounts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def labels(self) -> dict[str, str]:
        return {PROJECT: self.project, "com.docker.compose.service": self.service}

    @property
    def name(self) -> str:
        return f"{self.project}-{self.service}"

    def stop(self, **_options: object) -> None:
        self.status = "exited"

    def remove(self, **_options: object) -> None:
        if self.status == "running":
            raise APIError("it runs")
        self.docker.boxes.remove(self)

    def get_archive(self, path: str) -> tuple[Iterable[bytes], object]:
        place = PurePosixPath(path)
        files = self.docker.files[self._volume(place)]
        if place.name not in files:
            raise NotFound(path)
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            entry = tarfile.TarInfo(place.name)
            entry.size = len(files[place.name])
            archive.addfile(entry, io.BytesIO(files[place.name]))
        return [packed.getvalue()], {}

    def put_archive(self, path: str, data: bytes) -> None:
        volume = self._volume(PurePosixPath(path) / "any")
        assert self.mounts[volume]["mode"] == "rw"
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for entry in archive:
                found = archive.extractfile(entry)
                assert found
                self.docker.files[volume][entry.name] = found.read()
                self.docker.owned[entry.name] = (entry.uid, entry.gid, entry.mode, entry.isfile())

    def _volume(self, place: PurePosixPath) -> str:
        return next(name for name, mount in self.mounts.items() if mount["bind"] == str(place.parent))


@dataclass
class Net:
    """A network, as Docker's SDK gives it: `attrs` is what was so when it was asked for."""

    docker: Docker
    name: str
    attrs: Mapping[str, Any]
    inside: set[str]

    def disconnect(self, container: str, *, force: bool) -> None:
        assert force
        if container not in self.inside:
            raise NotFound(container)
        self.inside.remove(container)

    def remove(self) -> None:
        if self.inside:
            raise APIError("somebody is in it")
        del self.docker.nets[self.name]


@dataclass(frozen=True)
class Volume:
    """A volume, as Docker's SDK gives it."""

    name: str
    attrs: Mapping[str, Any]


@dataclass
class Named:
    """Docker's collections, as far as they are asked."""

    docker: Docker

    def create(
        self, image: str, *, volumes: Mapping[str, Mapping[str, str]], network_disabled: bool, labels: list[str]
    ) -> Box:
        assert (image, labels) == (IMAGE, [LOOK])
        assert network_disabled
        self.docker.boxes.append(Box(self.docker, "", "", "created", volumes))
        return self.docker.boxes[-1]

    def list(self, *, filters: Mapping[str, str], **_options: object) -> list[Box]:
        label, _, value = filters["label"].partition("=")
        return [one for one in self.docker.boxes if one.labels.get(label) == value]

    def get(self, name: str) -> Net:
        if name not in self.docker.nets:
            raise NotFound(name)
        return self.docker.nets[name]


@dataclass
class Volumes:
    """Docker's volumes; all are of the name that is asked for."""

    docker: Docker

    def list(self, *, filters: Mapping[str, str]) -> list[Volume]:
        assert filters == {"label": "com.docker.compose.volume=acme"}
        owners = {name: name.partition("_")[0] for name in self.docker.files}
        return [Volume(name, {"Labels": {PROJECT: owner} if owner else None}) for name, owner in owners.items()]


@dataclass
class Docker:
    """An engine in memory."""

    boxes: list[Box] = field(default_factory=list)
    nets: dict[str, Net] = field(default_factory=dict)
    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    owned: dict[str, tuple[int, int, int, bool]] = field(default_factory=dict)

    @property
    def api(self) -> Any:
        """Return what knows of no look that was cut off."""
        return SimpleNamespace(containers=lambda **_: [])

    @property
    def containers(self) -> Named:
        return Named(self)

    @property
    def networks(self) -> Named:
        return Named(self)

    @property
    def volumes(self) -> Volumes:
        return Volumes(self)


def running(*names: str, **states: str) -> Any:
    """Return an engine with containers that are called PROJECT-SERVICE, and the state of a service's."""
    docker = Docker()
    for owner, _, service in (name.partition("-") for name in names):
        docker.boxes.append(Box(docker, owner, service, states.get(service, "running")))
    return docker


# ------------------------------------------------------------------ ports


def test_what_is_taken_away_is_of_one_project_and_these_services() -> None:
    docker = running("demo-traefik", "demo-socket-proxy", "demo-app", "shop-traefik", traefik="restarting")
    handover.release(docker, "demo", FRONT)
    assert [one.name for one in docker.boxes] == ["demo-app", "shop-traefik"]


@pytest.mark.parametrize("state", ["created", "exited", "dead", "restarting", "paused"])
def test_of_those_that_are_idle_nothing_stays(state: str) -> None:
    docker = running("demo-traefik", "demo-socket-proxy", traefik=state)
    handover.release(docker, "demo", FRONT, idle=True)
    assert [one.name for one in docker.boxes] == ["demo-socket-proxy"]


def test_where_nobody_is_left_nothing_is_taken_away() -> None:
    docker = running("demo-app")
    handover.release(docker, "demo", FRONT)
    handover.release(docker, "gone", FRONT)
    assert [one.name for one in docker.boxes] == ["demo-app"]


# ------------------------------------------------------------------ networks


def network(owner: str | None, *inside: str, gone: str = "") -> Any:
    """Return an engine with one network; one of those inside it leaves by itself, just now."""
    docker = Docker()
    labels = {PROJECT: owner} if owner else None
    attrs = {"Labels": labels, "Containers": dict.fromkeys(inside) or None}
    docker.nets["demo_edge"] = Net(docker, "demo_edge", attrs, set(inside) - {gone})
    return docker


@pytest.mark.parametrize("docker", [network("demo"), network("demo", "proxy"), network("demo", "a", "b", gone="a")])
def test_a_network_that_compose_left_behind_is_removed_with_the_strangers_in_it(docker: Any) -> None:
    handover.remove_network(docker, "demo", "demo_edge")
    assert docker.nets == {}


@pytest.mark.parametrize("owner", ["shop", None], ids=["of another project", "made by hand"])
def test_a_network_of_somebody_elses_stays_with_all_in_it(owner: str | None) -> None:
    docker = network(owner, "proxy", "shop-app-1")
    handover.remove_network(docker, "demo", "demo_edge")
    assert docker.nets["demo_edge"].inside == {"proxy", "shop-app-1"}


def test_a_network_that_is_gone_is_no_matter() -> None:
    handover.remove_network(running(), "demo", "demo_edge")


# ------------------------------------------------------------------ certificates


def stored(*hosts: str, by: str = "them") -> str:
    certificates = [{"domain": {"main": host}, "certificate": by, "key": by} for host in hosts]
    return json.dumps({"acme": {"Account": {"Email": by}, "Certificates": certificates}})


def keeping(**texts: str) -> Any:
    """Return an engine with volumes that have these texts as the storage of Let's Encrypt's certificates."""
    return Docker(files={name: {"acme.json": text.encode()} if text else {} for name, text in texts.items()})


def keeper(**variables: str) -> Project:
    """Return a stack whose Traefik keeps certificates in a volume."""
    return with_service(with_environment(project(), **variables), "traefik", volumes={"/tmp": "demo_acme"})


def test_what_other_projects_have_of_certificates_is_told_in_order() -> None:
    docker = keeping(shop_acme=stored("shop.test"), proxy_acme=stored(HOST, "b.test"), demo_acme=stored("mine.test"))
    assert volumes.kept(docker, keeper(), IMAGES) == (
        Kept("proxy_acme", frozenset({HOST, "b.test"})),
        Kept("shop_acme", frozenset({"shop.test"})),
    )
    assert docker.boxes == []


@pytest.mark.parametrize("text", ["", "{}", "half a"], ids=["no file", "nothing in it", "not to be read"])
def test_a_volume_without_certificates_is_not_told_of(text: str) -> None:
    docker = keeping(shop_acme=text, proxy_acme=stored(HOST))
    assert volumes.kept(docker, keeper(), IMAGES) == (Kept("proxy_acme", frozenset({HOST})),)


def test_certificates_of_another_authority_are_not_the_wanted_ones() -> None:
    assert volumes.kept(keeping(shop_acme=stored(HOST)), keeper(STACK_CERTIFICATES="staging"), IMAGES) == ()


def test_a_wildcard_is_told_of_only_where_it_can_be_renewed() -> None:
    docker = keeping(shop_acme=stored("*.shop.test", "b.test"))
    by_dns = keeper(STACK_CHALLENGE="dns", STACK_DNS_PROVIDER="httpreq")
    assert volumes.kept(docker, by_dns, IMAGES) == (Kept("shop_acme", frozenset({"*.shop.test", "b.test"})),)
    assert volumes.kept(docker, keeper(), IMAGES) == (Kept("shop_acme", frozenset({"b.test"})),)


@pytest.mark.parametrize(
    ("stack", "images"),
    [(keeper(STACK_CERTIFICATES="local"), IMAGES), (keeper(), ()), (project(), IMAGES)],
    ids=["nothing is ordered", "no image to look with", "no volume to put them in"],
)
def test_where_it_would_be_of_no_use_nobody_looks(stack: Project, images: tuple[str, ...]) -> None:
    assert volumes.kept(keeping(shop_acme=stored(HOST)), stack, images) == ()


def test_certificates_are_put_beside_those_that_are_there_for_traefik_alone_to_read() -> None:
    docker = keeping(demo_acme=stored("mine.test", by="us"), proxy_acme=stored(HOST, "b.test"))
    volumes.take(docker, keeper(), "proxy_acme", (HOST,))
    body = json.loads(docker.files["demo_acme"]["acme.json"])["acme"]
    found = {one["domain"]["main"]: one["key"] for one in body["Certificates"]}
    assert (found, body["Account"]) == ({"mine.test": "us", HOST: "them"}, {"Email": "us"})
    assert docker.owned == {"acme.json": (65532, 65532, 0o600, True)}
    assert docker.boxes == []


def test_what_they_are_taken_from_stays_as_it_is() -> None:
    docker = keeping(demo_acme="", proxy_acme=stored(HOST))
    volumes.take(docker, keeper(), "proxy_acme", (HOST,))
    assert docker.files["proxy_acme"] == {"acme.json": stored(HOST).encode()}
    assert json.loads(docker.files["demo_acme"]["acme.json"]) == json.loads(stored(HOST))


def test_a_volume_that_its_owner_named_is_found_by_its_place() -> None:
    stack = with_service(project(), "traefik", volumes={"/data": "other_acme", "/tmp": "certificates"})
    docker = keeping(certificates="", proxy_acme=stored(HOST))
    volumes.take(docker, stack, "proxy_acme", (HOST,))
    assert "acme.json" in docker.files["certificates"]


def test_a_wildcard_that_could_not_be_renewed_is_not_taken() -> None:
    docker = keeping(demo_acme="", proxy_acme=stored("*.shop.test", "a.shop.test"))
    volumes.take(docker, keeper(), "proxy_acme", ("a.shop.test",))
    assert b"*.shop.test" not in docker.files["demo_acme"]["acme.json"]


@pytest.mark.parametrize(
    ("mine", "theirs", "broken"),
    [("half a", stored(HOST), "demo_acme"), (stored(OTHER_HOST), "half a", "proxy_acme")],
    ids=["mine", "theirs"],
)
def test_where_a_storage_cannot_be_read_it_is_named_and_nothing_is_written(mine: str, theirs: str, broken: str) -> None:
    docker = keeping(demo_acme=mine, proxy_acme=theirs)
    with pytest.raises(StackError, match=r"in the volume proxy_acme cannot be taken over") as caught:
        volumes.take(docker, keeper(), "proxy_acme", (HOST,))
    assert f"docker volume rm {broken}" in caught.value.hint
    assert docker.files["demo_acme"] == {"acme.json": mine.encode()}
    assert docker.boxes == []


def test_a_stack_behind_a_shared_proxy_leaves_that_ones_volume_to_it() -> None:
    docker = keeping(proxy_acme=stored(HOST), shop_acme=stored(OTHER_HOST))
    joined = joining_project()
    assert joined.front
    stack = replace(joined, front=with_service(joined.front, "traefik", volumes={"/tmp": "proxy_acme"}))
    assert volumes.kept(docker, stack, IMAGES) == (Kept("shop_acme", frozenset({OTHER_HOST})),)


def test_what_a_look_that_was_cut_off_has_left_is_removed_and_nobody_elses() -> None:
    removed: list[str] = []
    now = time.time()
    left = [{"Id": "old", "Created": now - LOOK_SECONDS - 1}, {"Id": "at work", "Created": now}]

    def found(*, all: bool, filters: Mapping[str, str]) -> list[dict[str, Any]]:  # noqa: A002 - Docker's word
        assert (all, filters) == (True, {"label": LOOK, "status": "created"})
        return left

    api = SimpleNamespace(containers=found, remove_container=lambda name, **_: removed.append(name))
    client: Any = SimpleNamespace(api=api)
    clear_away(client)
    assert removed == ["old"]
