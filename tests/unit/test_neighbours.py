"""What Docker and Compose tell of other projects: the shared proxy that one joins, and what others claim there."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from scaffold.engine import Engine
from scaffold.errors import NotReady
from scaffold.facts import Leaver
from scaffold.routing import Claim, Route

from ..builders import joining_project, project, shared_proxy

PROJECT, FOLDER = "com.docker.compose.project", "com.docker.compose.project.working_dir"


@dataclass(frozen=True)
class Running:
    """A container, as Docker's SDK gives it."""

    name: str
    labels: Mapping[str, str]
    status: str = "running"


@dataclass(frozen=True)
class Docker:
    """An engine with some containers, which finds them by one label."""

    found: tuple[Running, ...]

    @property
    def containers(self) -> "Docker":
        return self

    def list(self, *, filters: Mapping[str, str], **_options: object) -> list[Running]:
        label, _, value = filters["label"].partition("=")
        return [one for one in self.found if one.labels.get(label) == value]


def engine(*found: Running) -> Engine:
    client: Any = Docker(found)
    return Engine(client)


def model(name: str, **services: Any) -> str:
    return json.dumps({"name": name, "services": services})


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of projects, with a `docker` that prints their models, and what it was told of Compose."""
    script = tmp_path / "bin" / "docker"
    script.parent.mkdir()
    script.write_text(
        '#!/bin/sh\nfor word; do case $word in --hash) echo "app 1"; exit;; version) echo 2.40; exit;; esac; done\n'
        "env | grep ^COMPOSE_ > told\ntest -f model || { echo no model >&2; exit 1; }\ncat model\n",
        encoding="utf-8",
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}:{os.environ['PATH']}")
    for name, labels in (("shop", {"stack.proxy": "proxy"}), ("alone", {"stack.proxy": "alone"})):
        make(tmp_path / name, model(name, app={"image": "app", "labels": labels}))
    make(tmp_path / "proxy", model("proxy", traefik={"image": "traefik:v3.7.15"}))
    return tmp_path


def make(folder: Path, text: str) -> None:
    folder.mkdir()
    (folder / "compose.yaml").touch()
    (folder / "model").write_text(text, encoding="utf-8")


def traefik(folder: Path, **changes: Any) -> Running:
    labels = {"stack.serves": "proxy", PROJECT: "proxy", FOLDER: str(folder)}
    return replace(Running("proxy-traefik-1", labels), **changes)


# ------------------------------------------------------------------ the proxy


@pytest.mark.parametrize("status", ["running", "exited"])
def test_a_stack_that_joins_knows_the_proxy_by_its_container(place: Path, status: str) -> None:
    found = engine(traefik(place / "proxy", status=status)).load(place / "shop")
    assert (found.name, found.joins, found.serving.name) == ("shop", "proxy", "proxy")
    assert (found.serving.directory, found.proxy.image) == (place / "proxy", "traefik:v3.7.15")


def test_without_its_container_there_is_no_proxy(place: Path) -> None:
    found = engine(traefik(place / "proxy", labels={"stack.serves": "another"})).load(place / "shop")
    assert found.front is None
    with pytest.raises(NotReady, match="no shared proxy named 'proxy'"):
        _ = found.serving


def test_one_that_runs_a_command_is_not_the_proxy(place: Path) -> None:
    labels = {**traefik(place).labels, "com.docker.compose.oneoff": "True"}
    assert engine(traefik(place, labels=labels)).load(place / "shop").front is None


def test_of_two_folders_the_one_that_serves_counts(place: Path) -> None:
    stopped = traefik(place / "gone", name="a", status="exited")
    found = engine(stopped, traefik(place / "proxy")).load(place / "shop")
    assert found.serving.directory == place / "proxy"


def test_a_stack_with_a_proxy_of_its_own_looks_for_no_other(place: Path) -> None:
    nobody: Any = None
    found = Engine(nobody).load(place / "alone")
    assert (found.joins, found.front, found.serving) == ("", None, found)


def test_a_proxy_whose_folder_is_gone_is_named_with_it(place: Path) -> None:
    with pytest.raises(NotReady, match=r"was started from .*/gone, and there is no such folder") as caught:
        engine(traefik(place / "gone")).load(place / "shop")
    assert "stack up" in caught.value.hint


def test_a_proxy_whose_files_cannot_be_read_is_named_with_the_reason(place: Path) -> None:
    (place / "proxy" / "model").unlink()
    with pytest.raises(NotReady, match=r"'proxy' in .*/proxy cannot be read") as caught:
        engine(traefik(place / "proxy")).load(place / "shop")
    assert caught.value.evidence == ("no model",)


def test_what_is_set_for_the_stack_alone_does_not_reach_the_proxy(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPOSE_PROJECT_NAME", "shop")
    engine(traefik(place / "proxy")).load(place / "shop")
    told = {name: (place / name / "told").read_text(encoding="utf-8") for name in ("shop", "proxy")}
    assert told == {"shop": "COMPOSE_PROJECT_NAME=shop\n", "proxy": ""}


# ------------------------------------------------------------------ the others


def app(name: str, host: str, proxy: str = "proxy", **labels: str) -> Running:
    served = {f"traefik.http.routers.{name}-app.rule": f"Host(`{host}`)", "stack.proxy": proxy}
    made = {PROJECT: name, FOLDER: f"/srv/{name}"}
    return Running(f"{name}-app-1", {**served, **made, **labels})


SEVERAL = (
    app("demo", "demo.shop"),
    app("shop", "shop.test", **{"stack.hosts": "www.shop.test"}),
    app("blog", "blog.test", **{"stack.prefix": "/v1"}),
    app("blog", "blog.test", **{"stack.prefix": "/v1"}),
    app("far", "far.test", proxy="another"),
    app("once", "once.test", **{"com.docker.compose.oneoff": "True"}),
)
CLAIMED = (
    Claim("blog", "/srv/blog", Route("blog.test", "/v1")),
    Claim("shop", "/srv/shop", Route("shop.test")),
    Claim("shop", "/srv/shop", Route("www.shop.test")),
)


def test_what_others_claim_on_the_shared_proxy_is_told_once_and_in_order() -> None:
    assert engine(*SEVERAL).claims(joining_project()) == CLAIMED


def test_a_shared_proxy_knows_every_claim() -> None:
    own = Claim("demo", "/srv/demo", Route("demo.shop"))
    assert set(engine(*SEVERAL).claims(shared_proxy())) == {own, *CLAIMED}


def test_a_stack_that_has_stopped_keeps_its_claim() -> None:
    stopped = Running("shop-app-1", app("shop", "shop.test").labels, status="exited")
    assert [str(one.route) for one in engine(stopped).claims(joining_project())] == ["shop.test"]


def test_on_a_proxy_of_its_own_nobody_else_is_looked_for() -> None:
    assert engine(*SEVERAL, app("sly", "sly.test", proxy="demo")).claims(project()) == ()


def test_a_container_that_compose_did_not_make_stands_for_itself() -> None:
    labels = {"traefik.http.routers.x.rule": "Host(`x.test`)", "stack.proxy": "proxy"}
    assert engine(Running("by-hand", labels)).claims(joining_project()) == (Claim("by-hand", "", Route("x.test")),)


# ------------------------------------------------------------------ who will join


def holder(folder: Path, name: str = "shop", **labels: str) -> Running:
    """Return the Traefik that a project has run so far."""
    return Running(f"{name}-traefik-1", {PROJECT: name, FOLDER: str(folder), **labels})


def joins(folder: Path, proxy: str = "proxy", **labels: str) -> None:
    """Write a project's files as they are when it joins a proxy."""
    served = {"stack.proxy": proxy, "traefik.http.routers.shop-app.rule": "Host(`shop.test`)", **labels}
    (folder / "model").write_text(model("shop", app={"image": "app", "labels": served}), encoding="utf-8")


def test_who_holds_a_port_and_by_its_files_joins_is_told_with_its_names(place: Path) -> None:
    joins(place / "shop", **{"stack.hosts": "www.shop.test"})
    found = engine(holder(place / "shop"), holder(place / "alone", "alone"))
    leaver = Leaver("shop", str(place / "shop"), ("shop.test", "www.shop.test"))
    assert found.leavers(shared_proxy(), ("shop", "alone", "shop", "", "proxy")) == (leaver,)


def test_who_joins_another_proxy_stays(place: Path) -> None:
    joins(place / "shop", proxy="another")
    assert engine(holder(place / "shop")).leavers(shared_proxy(), ["shop"]) == ()


@pytest.mark.parametrize("gone", ["shop/model", "shop"], ids=["the files", "the folder"])
def test_where_its_files_cannot_be_read_nobody_leaves(place: Path, gone: str) -> None:
    joins(place / "shop")
    (place / gone).rename(place / "elsewhere")
    assert engine(holder(place / "shop")).leavers(shared_proxy(), ["shop"]) == ()


def test_an_app_that_names_no_host_does_not_leave(place: Path) -> None:
    joins(place / "shop", **{"traefik.http.routers.shop-app.rule": "PathPrefix(`/`)"})
    assert engine(holder(place / "shop")).leavers(shared_proxy(), ["shop"]) == ()


def test_a_port_that_is_held_for_one_command_is_no_reason_to_look_in_this_folder(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    joins(place / "shop")
    monkeypatch.chdir(place / "shop")
    rehearsing = holder(place / "alone", "alone", **{"com.docker.compose.oneoff": "True"})
    assert engine(rehearsing).leavers(shared_proxy(), ["alone"]) == ()
