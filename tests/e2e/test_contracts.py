"""Whatever bears an image's name, official or stand-in, keeps the contract that the template relies on."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
import tomllib
from typing import Any

import pytest

from tests.rig import images

from .stacks import docker

NAMES = (images.BASE, *images.template_images())
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Image:
    """An image's configuration, files and contract."""

    def __init__(self, name: str) -> None:
        folder = images.HERE / ("base" if name == images.BASE else name.partition(":")[0])
        self.contract: dict[str, Any] = tomllib.loads((folder / "contract.toml").read_text())
        self.config: dict[str, Any] = json.loads(docker("image", "inspect", name, "--format", "{{json .Config}}"))
        container = docker("create", name)
        try:
            exported = subprocess.run(["docker", "export", container], check=True, capture_output=True).stdout
        finally:
            docker("rm", "--volumes", container)
        with tarfile.open(fileobj=io.BytesIO(exported)) as archive:
            self.files = {member.name.strip("/"): member for member in archive}
            self.uids = self.numbers(archive, "etc/passwd")
            self.gids = self.numbers(archive, "etc/group")
        self.environment = dict(variable.split("=", 1) for variable in self.config.get("Env") or [])

    def numbers(self, archive: tarfile.TarFile, path: str) -> dict[str, int]:
        file = archive.extractfile(path) if path in self.files else None
        lines = file.read().decode().splitlines() if file else []
        return {fields[0]: int(fields[2]) for fields in (line.split(":") for line in lines)}

    def has_tool(self, name: str) -> bool:
        folders = self.environment.get("PATH", PATH).split(":")
        return any(f"{folder}/{name}".strip("/") in self.files for folder in folders)


@pytest.fixture(scope="module", params=NAMES)
def image(request: pytest.FixtureRequest) -> Image:
    return Image(request.param)


def test_it_runs_what_the_contract_says(image: Image) -> None:
    names = {
        "user": "User",
        "workdir": "WorkingDir",
        "entrypoint": "Entrypoint",
        "cmd": "Cmd",
        "stop_signal": "StopSignal",
    }

    seen = {key: image.config.get(name) or "" for key, name in names.items() if key in image.contract}

    assert seen == {key: image.contract[key] for key in seen}
    if "volumes" in image.contract:
        assert sorted(image.config.get("Volumes") or []) == image.contract["volumes"]
    promised = image.contract.get("environment", {})
    assert {name: image.environment.get(name) for name in promised} == promised


def test_it_holds_what_the_contract_says(image: Image) -> None:
    assert [path for path in image.contract.get("paths", []) if path.strip("/") not in image.files] == []
    assert [name for name in image.contract.get("tools", []) if not image.has_tool(name)] == []
    assert [name for name in image.contract.get("absent", []) if image.has_tool(name)] == []
    for path, mode in image.contract.get("modes", {}).items():
        assert f"{image.files[path.strip('/')].mode:o}" == mode
    for kind, numbers in (("uids", image.uids), ("gids", image.gids)):
        promised = image.contract.get(kind, {})
        assert {name: numbers.get(name) for name in promised} == promised
