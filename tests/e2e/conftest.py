from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from tests.rig import engine as rig
from tests.rig.ssh import SSHD

from ..names import Names, known, serve
from .acme import Authority
from .sshd import Sshd
from .stacks import Stack, free_ports, unique

HERE = Path(__file__).parent

Make = Callable[..., Stack]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add what the containers wrote to the report of a test that failed."""
    report = yield
    if report.when == "call" and report.failed:
        stacks: list[Stack] = getattr(item, "funcargs", {}).get("stacks", [])
        for stack in stacks:
            report.sections.append((f"logs of {stack.name}", stack.logs()))
    return report


@pytest.fixture(scope="session", autouse=True)
def own_data_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep the local authority of the tests away from the developer's own."""
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(folder))
        patch.setenv("XDG_CONFIG_HOME", str(folder))
        yield folder


@pytest.fixture(scope="module")
def stacks() -> Iterator[list[Stack]]:
    """Every stack that a module's tests made; taken away at its end."""
    made: list[Stack] = []
    yield made
    for stack in made:
        stack.remove()


@pytest.fixture(scope="module")
def make(stacks: list[Stack], tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Return a function that reserves a folder, a name and two ports."""

    def reserve(label: str, **env: str) -> Stack:
        http_port, https_port = free_ports(2)
        stack = Stack(tmp_path_factory.mktemp("projects") / unique(label), http_port, https_port, env)
        stacks.append(stack)
        return stack

    return reserve


@pytest.fixture
def names() -> Iterator[Names]:
    """Serve DNS: every name below `.test` is this machine, until a test says otherwise."""
    with serve(known({}, {"test": "127.0.0.1"})) as served:
        yield served


@pytest.fixture
def authority(tmp_path: Path, names: Names) -> Iterator[Callable[..., Authority]]:
    """Return a function that prepares an ACME authority for one stack's ports; it is not started yet."""
    prepared: list[Authority] = []

    def prepare(stack: Stack, label: str = "acme", asks: Names = names, **settings: object) -> Authority:
        (tmp_path / label).mkdir()
        stack.env["STACK_DNS_RESOLVERS"] = f"127.0.0.1:{names.port}"
        dns = f"127.0.0.1:{asks.port}"
        prepared.append(Authority.prepare(tmp_path / label, unique(label), stack, dns, **settings))
        return prepared[-1]

    yield prepare
    for one in prepared:
        one.remove()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """A server over SSH whose key is known here, and that lets us in."""
    if not SSHD.exists() and not rig.installed_here():
        pytest.skip("no SSH server's program on this machine; where the rig installs things there is one")
    own = Sshd.made(tmp_path_factory.mktemp("ssh"))
    own.knows()
    yield own
    own.stop()
