"""What `app.scheme`, `app.client` and `app.forged` conclude from facts is what an app that echoes really sees."""

from __future__ import annotations

import pytest

from .conftest import Make
from .stacks import Stack, docker

ECHO = """
from fastapi import FastAPI, Request

app = FastAPI()


@app.get("/")
@app.get("/healthz")
async def alive() -> str:
    return "alive"


@app.get("/echo/")
async def echo(request: Request) -> dict[str, str]:
    return {"scheme": request.url.scheme, "client": request.client.host}
"""
FORGED = "198.51.100.23"
TRUST = "      - --forwarded-allow-ips=own-networks${STACK_TRUSTED_PROXIES:+,$STACK_TRUSTED_PROXIES}\n"
BELIEVE_EVERYBODY = """
services:
  traefik:
    environment:
      TRAEFIK_ENTRYPOINTS_WEBSECURE_FORWARDEDHEADERS_INSECURE: "true"
"""
CHECKS = ("app.scheme", "app.client", "app.forged")


@pytest.fixture(scope="module")
def stack(make: Make) -> Stack:
    stack = make("truth")
    stack.new()
    (stack.folder / "app/main.py").write_text(ECHO)
    return stack


@pytest.fixture(scope="module")
def generated(stack: Stack) -> str:
    """The app's Compose file as the template makes it."""
    return (stack.folder / "compose.app.yaml").read_text()


def run_with(stack: Stack, compose_app: str, override: str = "") -> None:
    """Start the stack from changed files, as somebody would who edits them."""
    (stack.folder / "compose.app.yaml").write_text(compose_app)
    (stack.folder / "compose.override.yaml").write_text(override or "services: {}\n")
    up = stack.compose("up", "--detach", "--wait", "--build")
    assert up.status == 0, up.everything


@pytest.mark.parametrize(
    ("line", "traefik_believes", "failing"),
    [
        pytest.param(TRUST, False, set(), id="as-generated"),
        pytest.param("", False, {"app.scheme", "app.client"}, id="server-trusts-loopback-only"),
        pytest.param("      - --no-proxy-headers\n", False, {"app.scheme", "app.client"}, id="server-reads-no-headers"),
        pytest.param("      - --forwarded-allow-ips=*\n", False, set(), id="star-behind-a-proxy-that-believes-nobody"),
        pytest.param(
            "      - --forwarded-allow-ips=*\n", True, {"app.forged"}, id="star-behind-a-proxy-that-believes-everybody"
        ),
        pytest.param(TRUST, True, {"app.forged"}, id="networks-behind-a-proxy-that-believes-everybody"),
    ],
)
def test_the_verdict_is_what_the_app_sees(
    stack: Stack, generated: str, line: str, traefik_believes: bool, failing: set[str]
) -> None:
    assert TRUST in generated
    run_with(stack, generated.replace(TRUST, line), BELIEVE_EVERYBODY if traefik_believes else "")

    check = stack.stack("check")

    plain = stack.get("localhost", "/echo/").json
    forged = stack.get("localhost", "/echo/", {"X-Forwarded-For": FORGED}).json
    truth = {
        "app.scheme": plain["scheme"] == "https",
        "app.client": plain["client"] == gateway(stack),
        "app.forged": forged["client"] != FORGED,
    }
    assert {name: check.finding(name) for name in CHECKS} == {
        name: "pass" if good else "fail" for name, good in truth.items()
    }
    assert {name for name, good in truth.items() if not good} == failing


def test_a_redirect_of_the_app_is_evidence_for_the_scheme(stack: Stack, generated: str) -> None:
    run_with(stack, generated)

    check = stack.stack("check", "--only", "app.scheme")

    seen = next(one["seen"] for one in check.json["findings"] if one["id"] == "app.scheme")
    url = f"https://localhost:{stack.https_port}/echo"
    assert f"{url} → {url}/" in seen


def gateway(stack: Stack) -> str:
    """Return the address from which requests of this machine itself reach Traefik."""
    networks = docker(
        "network", "inspect", f"{stack.name}_edge", "--format", "{{range .IPAM.Config}}{{.Gateway}} {{end}}"
    )
    return next(address for address in networks.split() if "." in address)
