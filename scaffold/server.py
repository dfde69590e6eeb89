"""What a server's command line means, by Uvicorn's own rules.

Read from uvicorn 0.54: `main.py` (options, each also as UVICORN_…), `config.py` (FORWARDED_ALLOW_IPS,
WEB_CONCURRENCY) and `middleware/proxy_headers.py` (whose headers are believed). `fastapi run` hands its options to
the same code, without the UVICORN_… variables.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import PurePosixPath

LOOPBACK = "127.0.0.1,::1"
IMPORT = re.compile(r"[A-Za-z_]\w*(\.\w+)*:[A-Za-z_]\w*(\.\w+)*")
SWITCHES = frozenset(
    f"--{no}{flag}"
    for flag in ("access-log", "date-header", "factory", "proxy-headers", "reload", "server-header", "use-colors")
    for no in ("", "no-")
)
"""Options of both servers that take no value."""
VARIABLES = (
    "FORWARDED_ALLOW_IPS",
    "WEB_CONCURRENCY",
    "UVICORN_FORWARDED_ALLOW_IPS",
    "UVICORN_PROXY_HEADERS",
    "UVICORN_WORKERS",
)
"""The environment variables that decide; nothing else of a container's environment is read."""


@dataclass(frozen=True)
class Trust:
    """Whose X-Forwarded-* headers a server believes: a comma-separated list of addresses and networks, or `*`."""

    hosts: str

    @property
    def everybody(self) -> bool:
        """Whether any peer is believed."""
        return self.hosts == "*"

    def believes(self, peer: str) -> bool:
        """Tell whether headers are believed when they come from this address."""
        return self.everybody or any(_covers(host.strip(), peer) for host in self.hosts.split(","))

    def client(self, forwarded_for: str) -> str:
        """Return the client that the app sees, from an X-Forwarded-For that was believed.

        The right-most entry that is not itself trusted; with `*`, or when all are, the left-most.
        """
        chain = [entry.strip() for entry in forwarded_for.split(",")]
        if self.everybody:
            return chain[0]
        return next((entry for entry in reversed(chain) if not self.believes(entry)), chain[0])


def _covers(host: str, peer: str) -> bool:
    try:
        address = ip_address(peer)
        return address in ip_network(host) if "/" in host else address == ip_address(host)
    except ValueError:
        return bool(peer) and host == peer


def name(argv: Sequence[str]) -> str:
    """Return `uvicorn` or `fastapi` when a command line starts that server, else an empty string."""
    for word in argv[:3]:
        base = PurePosixPath(word).name
        if base in {"uvicorn", "fastapi"}:
            return base
    return ""


def option(argv: Sequence[str], flag: str) -> str | None:
    """Return the value of `--flag VALUE` or `--flag=VALUE`; the last one wins; None without it."""
    value = None
    for word, following in zip(argv, [*argv[1:], ""], strict=False):
        if word == f"--{flag}":
            value = following
        elif word.startswith(f"--{flag}="):
            value = word.partition("=")[2]
    return value


def trust(argv: Sequence[str], environment: Mapping[str, str]) -> Trust | None:
    """Return whom a server believes; None when it was told to read no proxy headers."""
    if not _proxy_headers(argv, environment):
        return None
    listed = option(argv, "forwarded-allow-ips")
    if listed is None:
        listed = _prefixed(argv, environment, "FORWARDED_ALLOW_IPS")
    return Trust(environment.get("FORWARDED_ALLOW_IPS", LOOPBACK) if listed is None else listed)


def workers(argv: Sequence[str], environment: Mapping[str, str]) -> int:
    """Return how many worker processes a command line asks for."""
    asked = option(argv, "workers") or _prefixed(argv, environment, "WORKERS") or environment.get("WEB_CONCURRENCY")
    return max(int(asked), 1) if asked and asked.isdigit() else 1


def app(argv: Sequence[str]) -> str:
    """Return the import string that a command line names, such as `app.main:app`; empty without one."""
    pairs = zip(["", *argv], argv, strict=False)
    return option(argv, "entrypoint") or next(
        (word for before, word in pairs if name(argv) and IMPORT.fullmatch(word) and not _takes(before)), ""
    )


def _takes(word: str) -> bool:
    """Tell whether a word is an option that takes the next one as its value; the app's own are no such options."""
    return word.startswith("-") and "=" not in word and word not in {*SWITCHES, "-e", "--entrypoint"}


def _proxy_headers(argv: Sequence[str], environment: Mapping[str, str]) -> bool:
    said = [word for word in argv if word in {"--proxy-headers", "--no-proxy-headers"}]
    if said:
        return said[-1] == "--proxy-headers"
    return (_prefixed(argv, environment, "PROXY_HEADERS") or "true").lower() not in {
        "0",
        "false",
        "no",
        "off",
        "f",
        "n",
    }


def _prefixed(argv: Sequence[str], environment: Mapping[str, str], variable: str) -> str | None:
    return environment.get(f"UVICORN_{variable}") if name(argv) == "uvicorn" else None
