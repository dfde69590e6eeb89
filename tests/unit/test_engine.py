"""What the engine decides without Docker: names for what is built, and what an inspection says."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from docker.errors import APIError, ImageNotFound

from scaffold.engine import Engine, content, inherited, inspection
from scaffold.errors import StackError, WrongInput
from scaffold.plan import Promote
from scaffold.project import Build, Port, Service

from ..builders import project, shared_proxy


@pytest.fixture
def app(tmp_path: Path) -> Path:
    (tmp_path / "app").mkdir()
    (tmp_path / "Dockerfile").write_text("FROM scratch")
    (tmp_path / "app/main.py").write_text("app = 1")
    (tmp_path / ".dockerignore").write_text("# all but the app\n*\n!app/\n**/*.pyc\n")
    return tmp_path


def digest(folder: Path, **args: str) -> str:
    return content.content_hash(Build(folder, "Dockerfile", args))


def test_the_same_files_have_the_same_name(app: Path) -> None:
    assert digest(app) == digest(app)
    assert len(digest(app)) == 12


@pytest.mark.parametrize(
    ("path", "text"),
    [("app/main.py", "app = 2"), ("app/new.py", ""), ("Dockerfile", "FROM scratch AS x")],
    ids=["changed", "added", "the Dockerfile"],
)
def test_a_change_of_what_is_built_changes_the_name(app: Path, path: str, text: str) -> None:
    before = digest(app)
    (app / path).write_text(text)
    assert digest(app) != before


def test_a_mode_and_an_argument_change_the_name(app: Path) -> None:
    before = digest(app)
    assert digest(app, VERSION="1") != before
    (app / "app/main.py").chmod(0o755)
    assert digest(app) != before


@pytest.mark.parametrize("path", ["notes.txt", "app/main.pyc"])
def test_what_is_ignored_changes_nothing(app: Path, path: str) -> None:
    before = digest(app)
    (app / path).write_text("x")
    assert digest(app) == before


def test_the_dockerfiles_own_ignore_file_wins(app: Path) -> None:
    (app / "Dockerfile.dockerignore").write_text("*\n")
    before = digest(app)
    (app / "app/main.py").write_text("app = 2")
    assert digest(app) == before


@pytest.mark.parametrize("folder", [".stack", "app/.stack"])
@pytest.mark.parametrize("patterns", ["", "!.stack\n!**/.stack\n"], ids=["not ignored", "asked for"])
def test_what_up_writes_down_changes_nothing(app: Path, folder: str, patterns: str) -> None:
    (app / ".dockerignore").write_text(patterns)
    before = digest(app)
    (app / folder).mkdir()
    (app / folder / "history.jsonl").write_text("{}")
    assert digest(app) == before


def test_a_missing_dockerfile_is_named(app: Path) -> None:
    (app / "Dockerfile").unlink()
    with pytest.raises(WrongInput, match="Dockerfile"):
        digest(app)


@pytest.mark.parametrize(
    ("image", "repository"),
    [
        ("shop-app:current", "shop-app"),
        ("shop-app", "shop-app"),
        ("localhost:5000/shop", "localhost:5000/shop"),
        ("localhost:5000/shop:1", "localhost:5000/shop"),
    ],
)
def test_the_name_of_a_build_keeps_the_repository(app: Path, image: str, repository: str) -> None:
    service = Service("app", image, build=Build(app, "Dockerfile"))
    assert content.image_name(service, (), str) == f"{repository}:{digest(app)}"
    assert content.image_name(Service("app", image), (), str) == ""


INSPECTED = {
    "Id": "abc",
    "Name": "/shop-traefik-1",
    "Image": "sha256:1",
    "RestartCount": 2,
    "State": {
        "Status": "running",
        "Health": {
            "Status": "unhealthy",
            "Log": [{"ExitCode": 0, "Output": "once"}, {"ExitCode": 1, "Output": "no room left\n"}],
        },
        "ExitCode": 3,
        "StartedAt": "2026-11-22T08:36:37.944347778Z",
    },
    "Config": {
        "Labels": {
            "com.docker.compose.service": "traefik",
            "com.docker.compose.config-hash": "h",
            "com.docker.compose.project.working_dir": "/srv/shop",
        }
    },
    "HostConfig": {"PortBindings": {"443/tcp": [{"HostIp": "", "HostPort": "443"}]}},
    "NetworkSettings": {
        "Networks": {"shop_edge": {"IPAddress": "172.18.0.2"}, "shop_socket": {"IPAddress": ""}},
        "Ports": {
            "443/tcp": [{"HostIp": "0.0.0.0", "HostPort": "443"}, {"HostIp": "::", "HostPort": "443"}],
            "80/tcp": None,
        },
    },
}


class Images:
    """The images of an engine: one with names of its own, one without, and no other."""

    def __init__(self) -> None:
        self.images = self

    def get(self, image: str) -> Any:
        configs = {"full": {"Env": ["PATH=/bin", "EMPTY"], "Labels": {"a.b": "1"}}, "empty": {"Env": None}}
        if image not in configs:
            raise ImageNotFound(image)
        return SimpleNamespace(attrs={"Config": configs[image]})


@pytest.mark.parametrize(("image", "names"), [("full", {"PATH", "EMPTY", "a.b"}), ("empty", set()), ("gone", set())])
def test_what_an_image_has_by_itself_are_variables_and_labels(image: str, names: set[str]) -> None:
    client: Any = Images()
    assert inherited.names(client, image) == names


def test_an_inspection_becomes_a_container() -> None:
    found = inspection.container(INSPECTED)
    assert (found.id, found.name, found.service, found.state) == ("abc", "shop-traefik-1", "traefik", "running")
    assert (found.health, found.words, found.exit_code) == ("unhealthy", "no room left", 3)
    assert found.started == datetime(2026, 11, 22, 8, 36, 37, 944347, tzinfo=UTC)
    assert (found.image_id, found.config_hash, found.folder) == ("sha256:1", "h", "/srv/shop")
    assert (found.restarts, found.addresses) == (2, {"shop_edge": "172.18.0.2"})
    assert found.ports == (Port(443, 443, "0.0.0.0"), Port(443, 443, "::"))


@pytest.mark.parametrize(
    "state",
    [
        {"Status": "created", "StartedAt": "0001-01-01T00:00:00Z", "ExitCode": 0},
        {"Status": "running", "StartedAt": "2026-11-22T08:36:37Z", "ExitCode": 0, "Health": {"Status": "starting"}},
    ],
    ids=["never started", "not asked yet"],
)
def test_a_container_whose_healthcheck_said_nothing_has_no_words(state: dict[str, object]) -> None:
    assert inspection.container({**INSPECTED, "State": state}).words == ""


@pytest.mark.parametrize(
    ("image", "variables", "major"),
    [
        ("postgres:18", ["PATH=/bin", "PG_MAJOR=17"], "17"),
        ("postgres:18", [], "18"),
        ("postgres:18.1-alpine", [], "18"),
        ("localhost:5000/timescale/timescaledb:2.19-pg17", [], "17"),
        ("postgres:latest", [], ""),
        ("postgres", [], ""),
    ],
)
def test_the_major_version_of_postgresql_is_the_images_own_or_its_tags(
    image: str, variables: list[str], major: str
) -> None:
    assert inspection.major(image, variables) == major


def test_the_version_of_data_is_looked_for_in_every_layout() -> None:
    paths = list(inspection.version_files("/var/lib/postgresql/cluster", ["/var/lib/postgresql"]))
    known = ("cluster/PG_VERSION", "PG_VERSION", "data/PG_VERSION", "18/docker/PG_VERSION", "17/docker/PG_VERSION")
    assert {f"/var/lib/postgresql/{one}" for one in known} <= set(paths)


def test_a_stopped_container_shows_the_ports_that_it_would_publish() -> None:
    stopped = {**INSPECTED, "NetworkSettings": {"Networks": {}, "Ports": {}}}
    assert inspection.ports(stopped) == (Port(443, 443, ""),)
    anywhere = {**stopped, "HostConfig": {"PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": "8000-8010"}]}}}
    assert inspection.ports(anywhere) == ()


@pytest.mark.parametrize(
    ("said", "limits"), [({}, True), ({"MemoryLimit": True}, True), ({"MemoryLimit": False}, False)]
)
def test_the_engine_tells_where_its_data_is_and_whether_it_limits_memory(said: dict[str, bool], limits: bool) -> None:
    client: Any = SimpleNamespace(info=lambda: {"DockerRootDir": "/srv/docker", **said})
    assert Engine(client).host(project()) == (Path("/srv/docker"), limits)


def test_a_shared_proxy_has_no_image_of_an_app() -> None:
    client: Any = SimpleNamespace()
    assert Engine(client).build_image(shared_proxy(), (), str) == ""


def test_of_a_log_only_the_objects_count() -> None:
    text = '{"a": 1}\nnot JSON\n[1]\n\n{"half": \n{"b": 2}'
    assert list(inspection.documents(text)) == [{"a": 1}, {"b": 2}]


@pytest.mark.parametrize("error", [APIError("no such image"), OSError("connection aborted")])
def test_an_engine_that_refuses_or_goes_away_is_named_with_the_step(error: Exception) -> None:
    def gone(_name: str) -> None:
        raise error

    client: Any = SimpleNamespace(api=SimpleNamespace(timeout=0), images=SimpleNamespace(get=gone))
    with pytest.raises(StackError, match="Docker could not make it demo-app:current") as caught:
        Engine(client).apply(project(), Promote("demo-app:1", "demo-app:current"), lambda _: None)
    assert caught.value.evidence == (str(error),)


@pytest.mark.parametrize("error", [APIError("it is busy"), OSError("connection aborted")])
def test_the_id_of_an_image_that_nobody_tells_is_empty(error: Exception) -> None:
    def gone(_name: str) -> None:
        raise error

    client: Any = SimpleNamespace(images=SimpleNamespace(get=gone))
    assert Engine(client).image_id(project()) == ""


def test_the_id_of_the_apps_image_is_told() -> None:
    client: Any = SimpleNamespace(images=SimpleNamespace(get=lambda name: SimpleNamespace(id=f"sha256:{name}")))
    assert Engine(client).image_id(project()) == "sha256:demo-app:current"
    assert Engine(client).image_id(shared_proxy()) == ""
