"""Why a server could not be reached over SSH, told from what `ssh` says."""

import re
from collections.abc import Sequence

from .errors import NotReady

OWN = 255
"""The status of `ssh` itself; any other is that of what it ran: ssh(1)."""
REASONS: Sequence[tuple[str, str, str]] = (
    (
        r"REMOTE HOST IDENTIFICATION HAS CHANGED|host key .* has changed",
        "{address} shows another host key than the one that is known: somebody may be in between",
        "only if you know that the server was made anew: ssh-keygen -R {host}, and compare the new key",
    ),
    (
        r"Host key verification failed|No \S+ host key is known",
        "the host key of {address} is not known here",
        "ssh {address}   (shows its fingerprint and asks; compare it with the one in your provider's console)",
    ),
    (
        r"Permission denied \(|Too many authentication failures|no more authentication methods",
        "{address} does not let us in",
        "ssh {address} true   has to work: a key in your agent, its other half in ~/.ssh/authorized_keys there",
    ),
    (
        r"Could not resolve hostname",
        "no host of the name in {address} is known",
        "mend the name, or add it to ~/.ssh/config",
    ),
    (
        r"Connection refused",
        "no SSH server listens at {address}",
        "ssh://USER@HOST:PORT where it listens on another port than 22; else start it in your provider's console",
    ),
    (
        r"timed out|No route to host|Network is unreachable|not responding",
        "{address} cannot be reached",
        "whether it is on, and whether a firewall lets port 22 through, tells your provider's console",
    ),
    (
        r"Bad configuration option|Bad owner or permissions|configuration file|Can't open user config",
        "`ssh` does not accept its configuration",
        "mend what it names in ~/.ssh/config",
    ),
    (
        r"Connection (?:closed|reset) by|kex_exchange_identification|Broken pipe",
        "{address} closed the connection",
        "journalctl -u ssh on the server tells why; too many attempts, as a rule",
    ),
)


def error(address: str, status: int, said: str) -> NotReady:
    """Return what a person is told when `ssh` ended with a status, and had said this."""
    lines = tuple(line for line in said.strip().splitlines() if line.strip() and not set(line.strip()) <= {"@"})
    host = re.sub(r"^ssh://|^[^@]*@|:\d+$", "", address.removeprefix("ssh://"))
    if status == OWN:
        for pattern, message, hint in REASONS:
            if re.search(pattern, said, re.IGNORECASE):
                return NotReady(
                    message.format(address=address), evidence=lines[-6:], hint=hint.format(address=address, host=host)
                )
    return NotReady(f"`ssh {address}` ended with status {status}", evidence=lines[-6:], hint=f"ssh {address}")
