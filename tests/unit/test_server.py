"""Uvicorn's rules as we tell them, beside Uvicorn itself."""

from collections.abc import Iterable, Mapping
from typing import Any

import click
import pytest
from fastapi_cli.cli import app as fastapi_command
from hypothesis import example, given, settings
from hypothesis import strategies as st
from typer.main import get_command
from uvicorn.config import Config
from uvicorn.main import main as uvicorn_command
from uvicorn.middleware.proxy_headers import _TrustedHosts

from scaffold import server
from scaffold.server import LOOPBACK, Trust

compared = settings(max_examples=60, deadline=None, derandomize=True, database=None)

# Few enough addresses that lists, networks and chains meet.
ADDRESSES = st.sampled_from(
    (
        "10.0.0.1",
        "10.1.2.3",
        "172.18.0.2",
        "192.168.1.1",
        "203.0.113.7",
        "127.0.0.1",
        "::1",
        "0:0:0:0:0:0:0:1",
        "fd00::2",
        "FD00:0:0::2",
        "2001:db8::7",
        "::ffff:10.0.0.1",
    )
) | st.ip_addresses().map(str)
NETWORKS = st.sampled_from(
    (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "fd00::/8",
        "0.0.0.0/0",
        "::/0",
        "10.0.0.1/32",
        "10.0.0.1/8",  # host bits are set: no network, and so nobody
        "10.0.0.0/33",
    )
)
WORDS = st.sampled_from(("*", "", "localhost", "/run/app.sock", "10.0.0", "300.0.0.1"))
LISTS = st.builds(
    str.join, st.sampled_from((",", ", ", " ,")), st.lists(ADDRESSES | NETWORKS | WORDS, min_size=1, max_size=4)
)
CHAINS = st.builds(str.join, st.sampled_from((",", ", ", " ,  ")), st.lists(ADDRESSES, min_size=1, max_size=5))


@compared
@given(hosts=LISTS, peer=ADDRESSES)
@example(hosts="*", peer="203.0.113.7")
@example(hosts=" *", peer="203.0.113.7")
@example(hosts="*,10.0.0.1", peer="203.0.113.7")
@example(hosts="", peer="127.0.0.1")
@example(hosts=LOOPBACK, peer="127.0.0.1")
@example(hosts="fd00::2", peer="FD00:0:0::2")
@example(hosts="0:0:0:0:0:0:0:1", peer="::1")
@example(hosts="::ffff:10.0.0.1", peer="10.0.0.1")
@example(hosts="10.0.0.1/8", peer="10.1.2.3")
@example(hosts="::/0", peer="10.1.2.3")
def test_the_same_peers_are_believed(hosts: str, peer: str) -> None:
    assert Trust(hosts).believes(peer) is (peer in _TrustedHosts(hosts))


# Entries are plain addresses, as Traefik writes them. Uvicorn also takes a port off an entry (`192.0.2.1:5000`,
# `[2001:db8::1]:5000`) before it judges it; our rule leaves such an entry as it is, and so does not trust it.
@compared
@given(hosts=LISTS, chain=CHAINS)
@example(hosts="*", chain="203.0.113.7, 10.0.0.1")
@example(hosts="10.0.0.0/8", chain="203.0.113.7, 198.51.100.4, 10.0.0.1")
@example(hosts="10.0.0.0/8", chain="10.0.0.2, 10.0.0.1")
def test_the_same_client_is_taken_from_a_chain(hosts: str, chain: str) -> None:
    host, port = _TrustedHosts(hosts).get_trusted_client_address(chain)
    assert (Trust(hosts).client(chain), 0) == (host, port)


def test_a_port_in_a_chain_is_left_where_it_is() -> None:
    assert Trust("10.0.0.0/8").client("203.0.113.7, 10.0.0.1:5000") == "10.0.0.1:5000"
    assert _TrustedHosts("10.0.0.0/8").get_trusted_client_address("203.0.113.7, 10.0.0.1:5000") == ("203.0.113.7", 0)


@pytest.mark.parametrize(("hosts", "everybody"), [("*", True), ("10.0.0.0/8", False), ("*,*", False)])
def test_only_a_lone_star_believes_everybody(hosts: str, everybody: bool) -> None:
    assert Trust(hosts).everybody is everybody


# ------------------------------------------------------------------ command lines


def uvicorn_reads(words: str) -> Config:
    """Return the configuration that Uvicorn itself makes of a command line; it starts nothing."""
    context: click.Context = uvicorn_command.make_context("uvicorn", words.split()[1:])
    known = ("app", "workers", "proxy_headers", "forwarded_allow_ips")
    return Config(**{name: context.params[name] for name in known})


COMMAND_LINES = [
    ("uvicorn app.main:app", {}),
    ("uvicorn app.main:app --workers=3", {}),
    ("uvicorn app.main:app --workers 3", {}),
    ("uvicorn app.main:app --workers 3 --workers=4", {}),
    ("uvicorn --workers 3 app.main:app", {}),
    ("uvicorn app.main:app", {"WEB_CONCURRENCY": "5"}),
    ("uvicorn app.main:app", {"UVICORN_WORKERS": "6", "WEB_CONCURRENCY": "5"}),
    ("uvicorn app.main:app --workers=3", {"UVICORN_WORKERS": "6", "WEB_CONCURRENCY": "5"}),
    ("uvicorn app.main:app --forwarded-allow-ips=10.0.0.0/8", {}),
    ("uvicorn app.main:app --forwarded-allow-ips 10.0.0.0/8", {"FORWARDED_ALLOW_IPS": "*"}),
    ("uvicorn app.main:app --forwarded-allow-ips=* --forwarded-allow-ips=10.0.0.1", {}),
    ("uvicorn app.main:app", {"FORWARDED_ALLOW_IPS": "10.0.0.0/8"}),
    ("uvicorn app.main:app", {"FORWARDED_ALLOW_IPS": ""}),
    ("uvicorn app.main:app", {"UVICORN_FORWARDED_ALLOW_IPS": "10.0.0.1", "FORWARDED_ALLOW_IPS": "*"}),
    ("uvicorn app.main:app --no-proxy-headers", {}),
    ("uvicorn app.main:app --no-proxy-headers --proxy-headers", {}),
    ("uvicorn app.main:app --proxy-headers --no-proxy-headers", {}),
    ("uvicorn app.main:app", {"UVICORN_PROXY_HEADERS": "false"}),
    ("uvicorn app.main:app", {"UVICORN_PROXY_HEADERS": "1"}),
    ("uvicorn app.main:app --proxy-headers", {"UVICORN_PROXY_HEADERS": "no"}),
]


@pytest.mark.parametrize(
    ("words", "environment"),
    COMMAND_LINES,
    ids=[" ".join([*(f"{key}={value}" for key, value in env.items()), words]) for words, env in COMMAND_LINES],
)
def test_a_command_line_means_what_uvicorn_makes_of_it(
    words: str, environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in server.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    real = uvicorn_reads(words)
    trust = Trust(str(real.forwarded_allow_ips)) if real.proxy_headers else None
    argv = words.split()
    assert server.workers(argv, environment) == real.workers
    assert server.trust(argv, environment) == trust
    assert server.app(argv) == real.app


@pytest.mark.parametrize(
    ("words", "environment", "expected"),
    [
        ("fastapi run app/main.py", {}, 1),
        ("fastapi run app/main.py --workers 3", {}, 3),
        ("fastapi run --workers=3", {"WEB_CONCURRENCY": "5"}, 3),
        ("fastapi run app/main.py", {"WEB_CONCURRENCY": "5"}, 5),
        ("fastapi run app/main.py", {"UVICORN_WORKERS": "6"}, 1),
        ("uvicorn app:app", {"WEB_CONCURRENCY": "many"}, 1),
    ],
    ids=["neither", "flag", "flag before variable", "variable", "Uvicorn's own variable is not read", "no number"],
)
def test_fastapi_counts_workers_by_flag_and_variable(words: str, environment: Mapping[str, str], expected: int) -> None:
    assert server.workers(words.split(), environment) == expected


@pytest.mark.parametrize(
    ("words", "environment", "expected"),
    [
        ("fastapi run", {}, Trust(LOOPBACK)),
        ("fastapi run --forwarded-allow-ips 10.0.0.0/8", {}, Trust("10.0.0.0/8")),
        ("fastapi run", {"FORWARDED_ALLOW_IPS": "10.0.0.1"}, Trust("10.0.0.1")),
        ("fastapi run", {"UVICORN_FORWARDED_ALLOW_IPS": "10.0.0.1"}, Trust(LOOPBACK)),
        ("fastapi run", {"UVICORN_PROXY_HEADERS": "false"}, Trust(LOOPBACK)),
        ("fastapi run --no-proxy-headers --forwarded-allow-ips=*", {}, None),
    ],
    ids=["default", "flag", "variable", "Uvicorn's own list", "Uvicorn's own switch", "told to read none"],
)
def test_fastapi_trusts_by_flag_and_variable(
    words: str, environment: Mapping[str, str], expected: Trust | None
) -> None:
    assert server.trust(words.split(), environment) == expected


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["uvicorn", "--workers=4"], "4"),
        (["uvicorn", "--workers", "4"], "4"),
        (["uvicorn", "--workers", "4", "--workers=5"], "5"),
        (["uvicorn", "--workers=5", "--workers", "4"], "4"),
        (["uvicorn", "--workers="], ""),
        (["uvicorn", "--workers"], ""),
        (["uvicorn", "--workers-max=9"], None),
        (["uvicorn"], None),
    ],
    ids=[
        "equals",
        "next word",
        "last wins: equals",
        "last wins: next word",
        "empty",
        "cut off",
        "longer name",
        "none",
    ],
)
def test_an_option_has_the_value_given_last(argv: list[str], expected: str | None) -> None:
    assert server.option(argv, "workers") == expected


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["uvicorn", "app:app"], "uvicorn"),
        (["/usr/local/bin/python3.14", "/usr/local/bin/uvicorn", "app:app"], "uvicorn"),
        (["python", "-m", "uvicorn", "app:app"], "uvicorn"),
        (["/srv/.venv/bin/fastapi", "run"], "fastapi"),
        (["gunicorn", "-k", "uvicorn.workers.UvicornWorker", "app:app"], ""),
        (["sh", "-c", "uvicorn app:app"], ""),
        (["python", "serve.py", "--with", "uvicorn"], ""),
        ([], ""),
    ],
    ids=["by name", "by its script", "as a module", "fastapi", "gunicorn", "in a shell", "an argument", "nothing"],
)
def test_a_server_is_known_by_how_it_is_started(argv: list[str], expected: str) -> None:
    assert server.name(argv) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("uvicorn app.main:app --port=8000", "app.main:app"),
        ("uvicorn --port 8000 app.main:app", "app.main:app"),
        ("python -m uvicorn app.main:create.app", "app.main:create.app"),
        ("fastapi run --entrypoint app.main:app", "app.main:app"),
        ("fastapi run --entrypoint=app.main:app", "app.main:app"),
        ("fastapi run -e app.main:app", "app.main:app"),
        ("fastapi run app/main.py", ""),
        ("uvicorn --forwarded-allow-ips=fd00::/8", ""),
        ("uvicorn --host :: app.main:app", "app.main:app"),
        ("uvicorn --header Server:none app.main:app", "app.main:app"),
        ("uvicorn --factory app.main:create", "app.main:create"),
        ("uvicorn --no-access-log app.main:app", "app.main:app"),
        ("gunicorn -b 0.0.0.0:8000 app:app", ""),
        ("", ""),
    ],
)
def test_the_app_is_the_import_string(words: str, expected: str) -> None:
    assert server.app(words.split()) == expected


# ------------------------------------------------------------------ options


def contexts() -> dict[str, Any]:
    """Return each server's command as it would read its options; nothing is started. Typer's click is its own."""
    group: Any = get_command(fastapi_command)
    return {
        "uvicorn": uvicorn_command.make_context("uvicorn", [], resilient_parsing=True),
        "fastapi": group.commands["run"].make_context("run", [], parent=group.make_context("fastapi", ["run"])),
    }


def flags(options: Iterable[Any]) -> set[str]:
    return {flag for one in options for flag in (*one.opts, *one.secondary_opts)}


@pytest.mark.parametrize("name", server.FLAGS)
def test_the_servers_know_the_options_that_we_say(name: str) -> None:
    context = contexts()[name]
    options = [one for one in context.command.get_params(context) if one.param_type_name == "option"]
    assert flags(options) == server.FLAGS[name]
    assert flags(one for one in options if getattr(one, "is_flag", False)) == server.FLAGS[name] & server.SWITCHES


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("uvicorn app:app --workers 2 --ws=none --reset-contextvars", ()),
        ("uvicorn app:app --threads 4 --preload", ("--threads", "--preload")),
        ("uvicorn app:app --threads=4 --threads=5", ("--threads",)),
        ("python -m uvicorn app:app -b 0.0.0.0", ("-b",)),
        ("fastapi run app/main.py --workers 2 --port 80", ()),
        (
            "fastapi run --timeout-graceful-shutdown 3 --no-access-log",
            ("--timeout-graceful-shutdown", "--no-access-log"),
        ),
        ("fastapi run -e app:app -v", ()),
        ("gunicorn app:app --threads 4", ()),
        ("", ()),
    ],
)
def test_an_option_that_the_server_does_not_know_is_named(words: str, expected: tuple[str, ...]) -> None:
    assert server.unknown(words.split()) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("uvicorn app:app --host 0.0.0.0 --port=80 --workers 4 --proxy-headers --reload --reload-dir app", ()),
        (
            "uvicorn app:app --forwarded-allow-ips * --no-access-log --no-server-header --uds /x --fd 3 --app-dir src",
            (),
        ),
        ("uvicorn app:create --factory --timeout-keep-alive 5 --timeout-graceful-shutdown=3", ()),
        ("uvicorn app:app --root-path /api --ws=none", ("--root-path=/api", "--ws=none")),
        ("uvicorn --no-date-header app:app --log-level warning", ("--no-date-header", "--log-level=warning")),
        ("uvicorn app:app --header A:b --header=C:d", ("--header=A:b", "--header=C:d")),
        ("uvicorn app:app --ws", ("--ws=",)),
        ("python -m uvicorn app:app --http2", ("--http2",)),
        ("fastapi run app/main.py --root-path=/api --app web -e app:app --verbose", ("--root-path=/api",)),
        ("gunicorn app:app --root-path /api", ()),
        ("", ()),
    ],
)
def test_what_a_stack_does_not_decide_is_carried_over(words: str, expected: tuple[str, ...]) -> None:
    assert server.options(words.split()) == expected


# ------------------------------------------------------------------ Gunicorn


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("gunicorn app.main:app", "app.main:app"),
        ("gunicorn -w 4 -k uvicorn.workers.UvicornWorker app.main:app", "app.main:app"),
        ("gunicorn app.main:app -b 0.0.0.0:80 --access-logfile -", "app.main:app"),
        ("gunicorn --access-logfile - app.main:app", "app.main:app"),
        ("gunicorn --preload app.main:app", "app.main:app"),
        ("gunicorn --bind localhost:http app.main:app", "app.main:app"),
        ("python -m gunicorn app.main:app", "app.main:app"),
        ("/venv/bin/gunicorn -c conf.py", ""),
        ("uvicorn app.main:app", ""),
        ("", ""),
    ],
)
def test_gunicorn_is_known_with_its_app(words: str, expected: str) -> None:
    argv = words.split()
    assert server.gunicorn(argv) is ("gunicorn" in words)
    assert server.gunicorn_app(argv) == expected
    assert server.name(argv) == ("uvicorn" if "uvicorn app" in words else "")
