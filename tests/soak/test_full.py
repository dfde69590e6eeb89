"""A volume that is full."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Make
from tests.e2e.stacks import docker, eventually

FULL = {
    "app": ("data-srv-data", "4m,uid=10001,gid=10001", "/srv/data"),
    "postgres": ("postgres", "160m,uid=999,gid=999,mode=1777", "/var/lib/postgresql"),
}


@pytest.mark.parametrize("service", FULL)
def test_a_full_volume_is_named(make: Make, service: str) -> None:
    volume, options, place = FULL[service]
    stack = make(f"full-{service}")
    stack.new(**({"data": "data/"} if service == "app" else {"postgres": "true"}))
    quick = f"{service}: {{healthcheck: {{start_period: 3s, interval: 2s}}}}"
    room = f"{{driver_opts: {{type: tmpfs, device: tmpfs, o: 'size={options}'}}}}"
    stack.override(f"services: {{{quick}}}\nvolumes: {{{volume}: {room}}}\n")
    stack.up()
    # What is in memory lasts as long as somebody has it mounted.
    holder = docker(
        "run", "--detach", "--rm", "--volume", f"{stack.name}_{volume}:/v", "python:3.14-slim", "sleep", "180"
    )
    fill = "import shutil; open('/v/all', 'wb').write(bytes(shutil.disk_usage('/v').free - 4096))"
    docker("exec", holder, "python", "-c", fill)

    eventually(lambda: f"no room left in {place}" in stack.said(service), 40)
    eventually(lambda: stack.said(service).startswith("unhealthy"), 40)
    failed = stack.stack("up")

    assert failed.status == 1, failed.everything
    assert f"no room left in {place}" in " ".join(failed.json["error"]["evidence"])
    assert "df" in failed.json["error"]["hint"]
    docker("exec", holder, "rm", "/v/all")
    stack.up()
    docker("rm", "--force", holder)
