"""What the template makes, without an engine."""

from __future__ import annotations

import json
import re
import stat
import subprocess

import uvicorn
from copier import _template as resolving

from scaffold import answers, render, server

from .combinations import files
from .conftest import Rendered
from .projects import model

TEMPLATE = answers.template() / "template"


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
    (folder / "secrets/tls").mkdir()
    (folder / "secrets/tls/local.key").write_text("secret")
    subprocess.run(["git", "init", "-q", folder], check=True)
    subprocess.run(["git", "-C", folder, "add", "--all"], check=True)

    tracked = subprocess.run(["git", "-C", folder, "ls-files"], check=True, capture_output=True, text=True).stdout

    assert stat.S_IMODE((folder / "secrets").stat().st_mode) == 0o700
    assert set(tracked.split()) == files({}) - {
        ".env",
        "secrets/.gitignore",
        "secrets/app.env",
        "secrets/traefik.env",
    }


def test_two_projects_never_share_a_subnet(rendered: Rendered) -> None:
    one, two = (model(rendered(name))["networks"]["edge"]["ipam"] for name in ("one", "two"))

    assert one != two


def test_the_template_stays_readable() -> None:
    jinja = [path for path in TEMPLATE.rglob("*.jinja") if path.is_file()]

    assert len(jinja) <= 10
    tags = {path.name: len(re.findall(r"{%[-+]? *(?!end|else|elif)\w", path.read_text())) for path in jinja}
    assert {name for name, count in tags.items() if count > 3} <= {"{{ manual }}.md.jinja"}
    code = [path for path in TEMPLATE.rglob("*.py*") if re.search(r"{[{%#]", path.name + path.read_text())]
    assert code == []


def test_networks_are_what_the_design_says(rendered: Rendered) -> None:
    networks = model(rendered())["networks"]

    assert networks["edge"]["enable_ipv6"] is True
    assert networks["socket"]["internal"] is True


def test_traefik_closes_idle_connections_before_the_server_does(rendered: Rendered) -> None:
    services = model(rendered())["services"]
    idle = services["traefik"]["environment"]["TRAEFIK_SERVERSTRANSPORT_FORWARDINGTIMEOUTS_IDLECONNTIMEOUT"]

    assert int(idle.removesuffix("s")) < uvicorn.Config("app").timeout_keep_alive
    assert not any("keep-alive" in word for word in services["app"]["command"])


def test_open_streams_end_before_the_container_is_killed(rendered: Rendered) -> None:
    app = model(rendered())["services"]["app"]

    graceful = server.option(app["command"], "timeout-graceful-shutdown")
    assert graceful
    assert int(graceful) < int(app["stop_grace_period"].removesuffix("s"))


def test_copier_reads_our_copier_yml_as_we_do() -> None:
    """What we have read is handed to Copier, which would read it with quirks of its own: !include, many documents."""
    read = resolving.load_template_config(answers.template() / "copier.yml")
    assert read == render.carried().document
    assert "_raw_config" in vars(resolving.Template), "the name under which it is handed over"
