"""What the template makes, without an engine."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from yamllint import linter
from yamllint.config import YamlLintConfig

from scaffold import project as wanted
from scaffold import render

from .conftest import Rendered

TEMPLATE = render.template() / "template"
FILES = {
    ".copier-answers.yml",
    ".dockerignore",
    ".env",
    ".gitignore",
    "Dockerfile",
    "README.md",
    "app/__init__.py",
    "app/main.py",
    "compose.app.yaml",
    "compose.proxy.yaml",
    "compose.yaml",
    "container/healthcheck.py",
    "requirements.txt",
    "secrets/.gitignore",
    "secrets/tls/.gitignore",
    "socket-proxy/haproxy.cfg",
    "traefik/dynamic/headers.yaml",
    "traefik/dynamic/tls.yaml",
}
ANSWERS = {
    "default": {},
    "acme": {"domain": "api.example.com", "email": "me@example.com"},
    "private-authority": {
        "domain": "api.example.com",
        "acme_directory": "https://ca.internal:14000/dir",
        "acme_root": "/etc/ssl/my roots.pem",
    },
    "local-name": {"domain": "shop.test", "certificates": "local"},
    "everything-else": {
        "project_name": "a",
        "python_version": "3.13",
        "workers": 64,
        "memory": 4096,
        "health_path": "/api/v1/health",
    },
}


def model(folder: Path) -> dict[str, Any]:
    """Return what Compose makes of a project's files, with nothing of this shell's own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("STACK_", "COMPOSE_"))}
    done = subprocess.run(
        ["docker", "compose", "config", "--format", "json"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    document: dict[str, Any] = json.loads(done.stdout)
    return document


@pytest.mark.parametrize("answers", ANSWERS.values(), ids=ANSWERS)
def test_every_shape_is_whole(rendered: Rendered, answers: dict[str, object]) -> None:
    folder = rendered(**answers)

    assert {str(path) for path in render.files(folder)} == FILES
    left = [path for path in folder.rglob("*") if path.is_file() and re.search(r"{%|{#", path.read_text())]
    assert left == []
    project = wanted.parse(model(folder), {}, folder)
    assert project.name == answers.get("project_name", "shop")
    assert project.hosts == (answers.get("domain", "localhost"),)
    assert (project.http_port, project.https_port) == (80, 443)
    assert project.resolver == ("acme" if answers.get("domain") == "api.example.com" else "")
    assert project.acme_roots == (Path(str(answers["acme_root"])) if "acme_root" in answers else None)
    assert f"--workers={answers.get('workers', 2)}" in project.app.command
    assert "python:${PYTHON_VERSION}-slim" in (folder / "Dockerfile").read_text()
    assert f"ARG PYTHON_VERSION={answers.get('python_version', '3.14')}\n" in (folder / "Dockerfile").read_text()


def test_the_dockerfiles_command_is_the_compose_files(rendered: Rendered) -> None:
    folder = rendered()
    dockerfile = (folder / "Dockerfile").read_text()

    command = json.loads(dockerfile[dockerfile.rindex("CMD [") + 4 :].replace("\\\n", ""))
    probe = json.loads(re.findall(r"^ +CMD (\[.*\])$", dockerfile, re.MULTILINE)[0])

    app = model(folder)["services"]["app"]
    assert command == app["command"]
    assert ["CMD", *probe] == app["healthcheck"]["test"]


def test_secrets_are_kept_from_git_and_from_other_users(rendered: Rendered) -> None:
    folder = rendered()
    (folder / "secrets/tls/local.key").write_text("secret")
    subprocess.run(["git", "init", "-q", folder], check=True)
    subprocess.run(["git", "-C", folder, "add", "--all"], check=True)

    tracked = subprocess.run(["git", "-C", folder, "ls-files"], check=True, capture_output=True, text=True).stdout

    assert stat.S_IMODE((folder / "secrets").stat().st_mode) == 0o700
    assert set(tracked.split()) == FILES - {".env"}


def test_two_projects_never_share_a_subnet(rendered: Rendered) -> None:
    one, two = (model(rendered(name))["networks"]["edge"]["ipam"] for name in ("one", "two"))

    assert one != two


@pytest.mark.parametrize("path", sorted(path for path in FILES if path.endswith((".yaml", ".yml"))))
def test_yamllint_has_nothing_to_say(rendered: Rendered, path: str) -> None:
    # Traefik renders its dynamic files as Go templates; what is left is the YAML that it reads.
    text = re.sub(r"{{.*?}}", "true", (rendered() / path).read_text())
    rules = {"line-length": {"max": 120}, "document-start": "disable", "braces": {"max-spaces-inside": 1}}

    assert [
        str(problem) for problem in linter.run(text, YamlLintConfig(yaml.dump({"extends": "default", "rules": rules})))
    ] == []
    yaml.safe_load(text)


def test_the_template_stays_readable() -> None:
    jinja = [path for path in TEMPLATE.rglob("*.jinja") if path.is_file()]

    assert len(jinja) <= 10
    assert {path.name for path in jinja if path.read_text().count("{%") > 3} == set()
    assert list(TEMPLATE.rglob("*.py.jinja")) == []


class TestEveryServiceAlways:
    """DESIGN: what every long-running service has."""

    @pytest.fixture(params=["app", "traefik", "socket-proxy"])
    def service(self, rendered: Rendered, request: pytest.FixtureRequest) -> dict[str, Any]:
        services: dict[str, dict[str, Any]] = model(rendered())["services"]
        assert set(services) == {"app", "traefik", "socket-proxy"}
        return {"name": request.param, **services[request.param]}

    def test_is_pinned_and_watched(self, service: dict[str, Any]) -> None:
        tag = service["image"].rpartition(":")[2]
        assert tag == "current" if service["name"] == "app" else re.match(r"v?\d+\.\d+", tag)
        assert service["healthcheck"]["test"][0] == "CMD"
        assert service["restart"] == "unless-stopped"
        assert service["stop_grace_period"]

    def test_is_bounded(self, service: dict[str, Any]) -> None:
        assert int(service["mem_limit"]) > 0
        assert int(service["pids_limit"]) > 0
        assert service["logging"]["options"] == {"max-size": "10m", "max-file": "3"}

    def test_may_do_nothing_it_need_not(self, service: dict[str, Any]) -> None:
        assert service["cap_drop"] == ["ALL"]
        assert "cap_add" not in service
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["read_only"] is True
        assert service["user"].split(":")[0].isdigit()
        assert (service["user"] == "0:0") is (service["name"] == "socket-proxy")

    def test_reaches_only_what_it_needs(self, service: dict[str, Any]) -> None:
        networks = {"app": {"edge"}, "traefik": {"edge", "socket"}, "socket-proxy": {"socket"}}
        assert set(service["networks"]) == networks[service["name"]]
        published = {int(port["published"]) for port in service.get("ports", [])}
        assert published == ({80, 443} if service["name"] == "traefik" else set())
        mounts_socket = any(str(one["source"]).endswith("docker.sock") for one in service.get("volumes", []))
        assert mounts_socket is (service["name"] == "socket-proxy")


def test_networks_are_what_the_design_says(rendered: Rendered) -> None:
    networks = model(rendered())["networks"]

    assert networks["edge"]["enable_ipv6"] is True
    assert networks["socket"]["internal"] is True
