"""What a server's command line means, by Uvicorn's own rules.

Read from uvicorn 0.54: `main.py` (options, each also as UVICORN_…), `config.py` (FORWARDED_ALLOW_IPS,
WEB_CONCURRENCY) and `middleware/proxy_headers.py` (whose headers are believed). `fastapi run` hands its options to
the same code, without the UVICORN_… variables.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import PurePosixPath


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


LOOPBACK = "127.0.0.1,::1"
IMPORT = re.compile(r"[A-Za-z_]\w*(\.\w+)*:[A-Za-z_]\w*(\.\w+)*")
SWITCHES = frozenset(
    f"--{no}{flag}"
    for flag in ("access-log", "date-header", "factory", "proxy-headers", "reload", "server-header", "use-colors")
    for no in ("", "no-")
) | _set("--http2 --reset-contextvars --version --help -h --verbose -v")
"""Options of both servers that take no value."""
UVICORN = _set(
    "--access-log --app-dir --backlog --date-header --env-file --factory --fd --forwarded-allow-ips "
    "--h11-max-incomplete-event-size --header --help --host --http --http2 --interface --lifespan --limit-concurrency "
    "--limit-max-requests --limit-max-requests-jitter --log-config --log-level --loop --no-access-log "
    "--no-date-header --no-proxy-headers --no-server-header --no-use-colors --port --proxy-headers --reload "
    "--reload-delay --reload-dir --reload-exclude --reload-include --reset-contextvars --root-path --server-header "
    "--ssl-ca-certs --ssl-cert-reqs --ssl-certfile --ssl-ciphers --ssl-keyfile --ssl-keyfile-password --ssl-version "
    "--timeout-graceful-shutdown --timeout-keep-alive --timeout-worker-healthcheck --uds --use-colors --version "
    "--workers --ws --ws-max-queue --ws-max-size --ws-per-message-deflate --ws-ping-interval --ws-ping-timeout"
)
FASTAPI = _set(
    "--app --entrypoint -e --forwarded-allow-ips --help -h --host --no-proxy-headers --no-reload --port "
    "--proxy-headers --reload --root-path --verbose -v --workers"
)
FLAGS: Mapping[str, frozenset[str]] = {"uvicorn": UVICORN, "fastapi": FASTAPI}
"""The options that each server knows; `fastapi` is `fastapi run` of fastapi-cli 0.0.34."""
SETTLED = re.compile(
    r"--(no-)?(app|entrypoint|host|port|workers|proxy-headers|forwarded-allow-ips|access-log|server-header|uds|fd"
    r"|timeout-keep-alive|timeout-graceful-shutdown|reload|reload-dir|reload-delay|reload-include|reload-exclude"
    r"|app-dir|factory|help|version|verbose|ssl-[a-z-]+)|-."
)
"""Options that a stack's own command line decides, or that start no server."""
GUNICORN_SWITCHES = _set(
    "--reload --spew --check-config --print-config --preload --no-sendfile --reuse-port -D --daemon --initgroups "
    "--disable-redirect-access-to-syslog --capture-output --log-syslog -R --enable-stdio-inheritance "
    "--enable-backlog-metric --suppress-ragged-eofs --do-handshake-on-connect --permit-obsolete-folding "
    "--strip-header-spaces --permit-unconventional-http-method --permit-unconventional-http-version "
    "--casefold-http-method --no-control-socket"
)
"""Gunicorn's options that take no value: gunicorn 65ac1a3a, `gunicorn/config.py`."""
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


def told(command: Sequence[str], argv: Sequence[str]) -> Sequence[str]:
    """Return the command line that counts: the files', or the process's own where they leave it to others."""
    return command if name(command) else argv


def workers(argv: Sequence[str], environment: Mapping[str, str]) -> int:
    """Return how many worker processes a command line asks for."""
    asked = option(argv, "workers") or _prefixed(argv, environment, "WORKERS") or environment.get("WEB_CONCURRENCY")
    return max(int(asked), 1) if asked and asked.isdigit() else 1


def app(argv: Sequence[str]) -> str:
    """Return the import string that a command line names, such as `app.main:app`; empty without one."""
    return option(argv, "entrypoint") or (_positional(argv) if name(argv) else "")


def unknown(argv: Sequence[str]) -> tuple[str, ...]:
    """Return the options that this server does not know and ends at; none when it is no server we know."""
    known = FLAGS.get(name(argv), frozenset())
    flags = [word.partition("=")[0] for word, _ in _flags(argv)] if known else []
    return tuple(dict.fromkeys(flag for flag in flags if flag not in known))


def options(argv: Sequence[str]) -> tuple[str, ...]:
    """Return the options that a stack's own command line says nothing of, as `--flag=value` or `--switch`."""
    said = [(word, value) for word, value in _flags(argv) if not SETTLED.fullmatch(word.partition("=")[0])]
    return tuple(word if value is None else f"{word}={value}" for word, value in said)


def gunicorn(argv: Sequence[str]) -> bool:
    """Tell whether a command line starts Gunicorn."""
    return any(PurePosixPath(word).name == "gunicorn" for word in argv[:3])


def gunicorn_app(argv: Sequence[str]) -> str:
    """Return the import string that a Gunicorn command line names; empty without one."""
    return _positional(argv) if gunicorn(argv) else ""


def _positional(argv: Sequence[str]) -> str:
    pairs = zip(["", *argv], argv, strict=False)
    return next((word for before, word in pairs if IMPORT.fullmatch(word) and not _takes(before)), "")


def _flags(argv: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """Yield the options of a server's own command line, each with the value that is a word of its own."""
    words = iter(argv)
    for word in words:
        if PurePosixPath(word).name in FLAGS:
            break
    for word in words:
        if word.startswith("-"):
            yield word, next(words, "") if _takes(word) else None


def _takes(word: str) -> bool:
    """Tell whether a word is an option that takes the next one as its value; the app's own are no such options."""
    lone = SWITCHES | GUNICORN_SWITCHES | {"-", "-e", "--entrypoint"}
    return word.startswith("-") and "=" not in word and word not in lone


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
