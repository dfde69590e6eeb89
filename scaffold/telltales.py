"""Lines of a log that puzzle people while the containers run; last words have a table of their own (symptoms)."""

import re
from collections.abc import Mapping

ROUTERS = "; `stack check --only proxy.routers` tells whether that still holds"
APPS: Mapping[str, str] = {
    # Uvicorn 0.54, supervisors/multiprocess.py
    r"Child process \[\d+\] died": (
        "a worker was ended, most often for the memory it took, and another was started; its requests failed: fewer"
        " STACK_WORKERS, or more STACK_APP_MEMORY, in .env; `stack check --only app.starved` tells whether that was it"
    ),
    r"Child process \[\d+\] failed to start, stopping the parent process": (
        "the app cannot be imported: the reason stands in the lines before; `stack up` takes such a version back"
    ),
    # asyncio, before uvicorn ends
    r"bind on address \('[^']*', (\d+)[^)]*\): (?:\[errno 98\] )?address already in use": (
        r"two servers want port \1 in one container: `command` in compose.app.yaml starts one, and something else"
        " another"
    ),
    r"No such option:? '?(-[\w-]+)": (
        r"the server knows no option \1: look at `command` in compose.app.yaml; `fastapi run` has fewer than `uvicorn`"
    ),
}
"""What the app's own server says, and what to do; what it names as \\1."""
PROXYS: Mapping[str, str] = {
    r"client version 1\.\d+ is too old": (
        "this Traefik asks the engine with an API that it does not answer to any more, and so sees no container: take"
        " a newer tag in compose.proxy.yaml; `stack check --only host.api` tells"
    ),
    r"[Rr]outer defined multiple times with different configurations": (
        "two containers define a router of the same name, and Traefik serves neither: while a new version takes over"
        f" it passes by itself, else rename one in its labels{ROUTERS}"
    ),
    r'Could not find network named "([^"]+)"': (
        rf"there is no network \1: `traefik.docker.network` in the labels is its real name, with the project's before"
        f" it{ROUTERS}"
    ),
    r"Skip container (\S+): decoding Docker labels": (
        r"Traefik cannot read a label of \1, maybe another project's container, and serves nothing of it: its message"
        f" names the value{ROUTERS}"
    ),
    r"port is missing": (
        "Traefik does not know which port to ask: a label"
        " traefik.http.services.NAME.loadbalancer.server.port=8000, or EXPOSE in the Dockerfile" + ROUTERS
    ),
    r'middleware "([^"]+)" does not exist': (
        rf"a router names the middleware \1, and there is none: behind the @ stands who defines it, docker for labels"
        f" and file for traefik/dynamic{ROUTERS}"
    ),
    r'the service "([^"]+)" does not exist': (
        rf"a router names the service \1, and there is none: look at its label `service`{ROUTERS}"
    ),
    r"while parsing rule": (
        "a router's rule cannot be read, and it serves nothing: back-quotes around each name, and as many ) as ("
        + ROUTERS
    ),
    r"bind: address already in use": (
        "two entry points want one port inside Traefik's container: look at TRAEFIK_ENTRYPOINTS_ in compose.proxy.yaml"
    ),
}
"""What Traefik says of what is not about certificates."""
COMPOSES: Mapping[str, str] = {
    r'The \\?"(\w+)\\?" variable is not set\. Defaulting to a blank string': (
        r"compose.yaml or a file that it includes asks for \1: a line \1=… in .env, or $$ for a dollar sign that is"
        " meant as one"
    ),
}
"""What Compose says itself."""


def tell(table: Mapping[str, str], text: str) -> tuple[str, str] | None:
    """Return which row's words stand in a line, and what it says of them; None when none do."""
    found = ((words, sentence, re.search(words, text)) for words, sentence in table.items())
    return next(((words, place.expand(sentence)) for words, sentence, place in found if place), None)
