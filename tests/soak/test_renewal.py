"""Renewal, with certificates that live for two minutes."""

from __future__ import annotations

import time
from collections.abc import Callable
from hashlib import sha256

from tests.e2e.acme import Authority
from tests.e2e.conftest import Make
from tests.e2e.stacks import docker, eventually

SECONDS = 240
SHORT = {"certificateValidityPeriod": 120, "profiles": {"default": {"description": "short", "validityPeriod": 120}}}


def test_a_renewed_certificate_is_served_without_a_failed_request_and_without_a_restart(
    make: Make, authority: Callable[..., Authority]
) -> None:
    stack = make("renewal")
    pebble = authority(stack, **SHORT)
    pebble.start()
    stack.new(domain="demo.test", **pebble.answers)
    # Traefik looks every minute only when it takes certificates for ones of less than a day (FACTS T20).
    stack.override(
        "services: {traefik: {environment: {TRAEFIK_CERTIFICATESRESOLVERS_ACME_ACME_CERTIFICATESDURATION: '1'}}}"
    )
    assert stack.compose("up", "--detach", "--wait").status == 0
    eventually(lambda: stack.serves("demo.test"))
    started = docker("inspect", stack.container("traefik"), "--format", "{{.State.StartedAt}}")

    served, failed, asked = [], [], 0
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        asked += 1
        try:
            page = stack.get("demo.test", "/healthz")
            assert page.status == 200
        except (OSError, AssertionError) as error:
            failed.append(repr(error))
        else:
            served.append(sha256(page.certificate).hexdigest())
        time.sleep(0.1)

    print(f"{len(set(served))} certificates in {SECONDS} s; {len(failed)} of {asked} requests failed")
    assert failed == []
    assert len(set(served)) >= 3
    assert docker("inspect", stack.container("traefik"), "--format", "{{.State.StartedAt}}") == started
