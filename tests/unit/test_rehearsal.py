"""The throw-away Traefik: the stack's own, but for what must not happen twice."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from scaffold import rehearsal

from ..builders import HOST, OTHER_HOST, PUBLISHED, project, with_environment, with_service

DOCKER = "TRAEFIK_PROVIDERS_DOCKER_NETWORK"
STACK = with_service(
    project(),
    "traefik",
    entrypoint=("sh", "/etc/traefik/entrypoint.sh"),
    command=("traefik", "--$odd"),
    volumes={"/tmp": "demo_acme"},
    binds={**project().proxy.binds, "/run/secrets/traefik.env": Path("/srv/demo/secrets/traefik.env")},
)


def test_it_orders_from_the_authority_for_trials_alone() -> None:
    environment = rehearsal.patch(STACK, [HOST])["environment"]

    assert environment["STACK_CERTIFICATES"] == "custom"
    assert environment["STACK_ACME_DIRECTORY"] == STACK.rehearsal_directory
    assert environment["STACK_CHALLENGE"] == "http"


def test_it_knows_nothing_of_docker_and_its_routers_lead_nowhere() -> None:
    environment = rehearsal.patch(STACK, [HOST, OTHER_HOST])["environment"]

    assert DOCKER in STACK.proxy.environment
    assert DOCKER not in environment
    routers = json.loads(environment["STACK_REHEARSAL"])["http"]["routers"].values()
    assert [one["rule"] for one in routers] == [f"Host(`{HOST}`)", f"Host(`{OTHER_HOST}`)"]
    assert {one["service"] for one in routers} == {"noop@internal"}


def test_its_storage_is_in_memory_and_nothing_of_the_stacks_is_touched() -> None:
    patch = rehearsal.patch(STACK, [HOST])

    assert {one["type"] for one in patch["volumes"]} == {"bind"}
    assert [place.partition(":")[0] for place in patch["tmpfs"]] == ["/tmp", rehearsal.ROUTERS]
    assert patch["labels"] == {}
    assert "/run/secrets/traefik.env" not in {one["target"] for one in patch["volumes"]}  # Compose mounts it


def test_it_starts_as_the_stacks_own_does() -> None:
    entrypoint = rehearsal.patch(STACK, [HOST])["entrypoint"]

    assert entrypoint[-4:] == ["sh", "/etc/traefik/entrypoint.sh", "traefik", "--$$odd"]


@pytest.mark.parametrize("challenge", ["http", "tls-alpn"])
def test_it_takes_the_ports_that_the_authority_comes_to(challenge: str) -> None:
    ports = rehearsal.patch(with_environment(STACK, STACK_CHALLENGE=challenge), [HOST])["ports"]

    assert [(one["target"], one["published"]) for one in ports] == [
        (one.target, str(one.published)) for one in PUBLISHED
    ]


def test_it_takes_no_port_of_anybodys_when_the_authority_looks_for_a_record() -> None:
    (port,) = rehearsal.patch(with_environment(STACK, STACK_CHALLENGE="dns"), [HOST])["ports"]

    assert (port["target"], port["host_ip"], "published" in port) == (443, "127.0.0.1", False)


def test_a_certificate_for_the_name_that_lies_in_the_project_is_not_seen() -> None:
    assert STACK.directory / "secrets/tls" in STACK.proxy.binds.values()
    sources = {one["source"] for one in rehearsal.patch(STACK, [HOST])["volumes"]}

    assert str(STACK.directory / "secrets/tls") not in sources


def test_a_dollar_sign_survives_compose() -> None:
    stack = replace(with_environment(STACK, STACK_ACME_EMAIL="$me@demo.test"), extra={"acme_rehearsal": "https://x/$y"})
    environment = rehearsal.patch(stack, [HOST])["environment"]

    assert (environment["STACK_ACME_EMAIL"], environment["STACK_ACME_DIRECTORY"]) == ("$$me@demo.test", "https://x/$$y")
