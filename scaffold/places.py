"""Where a project is brought up: a server by its address over SSH."""

import re

from .errors import WrongInput

ADDRESS = re.compile(
    r"(?P<ssh>ssh://)?(?:(?P<user>[A-Za-z0-9_][A-Za-z0-9_.+-]*)@)?"
    r"(?P<host>\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9_][A-Za-z0-9_.-]*|[0-9A-Fa-f]*:[0-9A-Fa-f:.]+)(?::(?P<port>\d{1,5}))?"
)
"""What `ssh` takes for a destination, of it what no program can take for an option: ssh(1)."""
EXAMPLES = "for example: deploy@203.0.113.7, or deploy@server.example.com, or ssh://deploy@203.0.113.7:2222"
HIGHEST_PORT = 65535


def address(text: str) -> str:
    """Return the address of a server as `ssh` takes it, USER@HOST or ssh://USER@HOST:PORT; WrongInput for another.

    The host may be a name of the user's own SSH configuration.
    """
    found = ADDRESS.fullmatch(text.strip())
    if not found:
        raise WrongInput(f"{text!r} is no address of a server", hint=EXAMPLES)
    port = found["port"]
    if port is None and (found["ssh"] or not found["host"].startswith("[")):
        return found[0]
    port = port or "22"
    if not 0 < int(port) <= HIGHEST_PORT:
        raise WrongInput(f"there is no port {port}", hint=EXAMPLES)
    user = f"{found['user']}@" if found["user"] else ""
    return f"ssh://{user}{found['host']}:{int(port)}"
