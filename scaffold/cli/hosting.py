"""`stack host`: what a server lacks, in the order in which one mends it. Needs no Docker here, and changes nothing."""

from contextlib import nullcontext

from .. import places
from ..checks import readiness
from ..errors import ExitCode
from ..remote import Server
from ..screens import host as screen
from . import terminal


def look(address: str, *, as_json: bool) -> int:
    """Look once, judge, show."""
    server = Server(places.address(address), ask=terminal.interactive() and not as_json)
    # Nothing is drawn where `ssh` may ask something.
    with nullcontext() if server.ask else terminal.step(f"look at {server.address}"):
        seen = server.look()
    found = readiness.judge(seen)
    if as_json:
        terminal.document(screen.document(server.address, found))
    else:
        title = ", ".join(filter(None, (server.address, seen.title, seen.arch, f"as {seen.user}")))
        terminal.result(screen.text(title, found, colour=terminal.colour()))
    return ExitCode.NOT_READY if any(one.missing for one in found) else ExitCode.GOOD
