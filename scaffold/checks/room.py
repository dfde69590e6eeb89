"""What the machine has to have before anything is started on it: memory, disk, an API that Traefik speaks, settings."""

import re
from collections.abc import Mapping

from .. import overlap
from ..dotenv import is_placeholder
from ..facts import Facts, Room, release
from ..project import ACME, APP, SECRETS, STAGING, Project, Service
from .verdict import Outcome, failed, passed, skipped, warned

OURS = "STACK_"
"""How the names of the stack's own settings in .env begin."""
MB = 2**20  # what Docker means by `m`
AT_REST = 0.25
"""The part of their limits that services take while nobody asks for anything.

Measured by `docker stats` on one stack: 204 of 832 MiB for what the default answers give (app of 2 workers 174 of 512,
Traefik 18 of 256, socket proxy 12 of 64), 267 of 1,600 with its PostgreSQL and Redis; 200 requests later 275.
"""
LEFT = 500 * MB
"""What is written day by day: logs of 30 MB a container, a layer of the app for each build, the database's own log."""
SPARE = 2000 * MB
"""With less, the next image, or one night of a log without a limit, fills it. No percentage: files grow in bytes."""
IMAGE = 500 * MB
"""The largest of the official images unpacked, postgres at about 450 MB, and its download beside it for a while."""
OLD_API = (1, 24)
"""What Traefik asks with before FIXED: https://github.com/traefik/traefik/issues/12253."""
FIXED: Mapping[int, tuple[int, int]] = {2: (11, 31), 3: (6, 1)}
"""The first minor and patch number of a major version that agrees with the engine on a version of the API."""
TAG = re.compile(r"(?:^|/)traefik:v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?![.\d])")
"""The image under its own name; another one's tag is no version of Traefik."""
RESERVED = re.compile(r"(?:^|[.@])(?:(?:test|example|invalid|localhost|local|internal)|example\.(?:com|net|org))$")
"""Names that are nobody's: RFC 2606, RFC 6761, RFC 6762, and ICANN's reservation of .internal, 2024."""


def memory(project: Project, facts: Facts) -> Outcome:
    """There is memory for what is to be started.

    The kernel ends a process when memory is used up, most often the database or the app. Take fewer STACK_WORKERS and
    less STACK_APP_MEMORY in .env, add swap, or take a larger server.
    """
    started = [(one, wanting) for one in project.services if (wanting := _wanting(one, project, facts))]
    if not started:
        return passed("all of it runs already")
    if facts.room is None or facts.room.memory is None:
        return skipped("how much memory is left cannot be told")
    wanted = sum(one.memory * wanting for one, wanting in started)
    seen = (_shares(started, wanted), _available(facts.room))
    if facts.room.memory + (facts.room.swap or 0) < wanted * AT_REST:
        return failed(*seen, f"needed at rest: about {_mb(wanted * AT_REST)}")
    return warned(*seen) if facts.room.memory < wanted else passed(*seen)


def disk(project: Project, facts: Facts) -> Outcome:
    """There is disk for what is to be built and written.

    On a full disk builds fail, the database stops and certificates are not kept. `docker system df` shows what Docker
    keeps, `docker image prune` and `docker builder prune` remove what nothing uses. Never prune volumes: they are the
    data.
    """
    if facts.room is None or facts.room.disk is None:
        return skipped("the disk where Docker keeps its data cannot be seen from here")
    absent = sorted({one.image for one in project.services if one.image not in facts.images})
    left = facts.room.disk - IMAGE * len(absent)
    seen = [f"free: {_mb(facts.room.disk)}"]
    if absent:
        seen.append(f"not here yet: {', '.join(absent)}, about {_mb(IMAGE * len(absent))}")
    if left < LEFT:
        return failed(*seen, f"needed: {_mb(facts.room.disk - left + LEFT)}")
    return warned(*seen) if left < SPARE else passed(*seen)


def api(project: Project, facts: Facts) -> Outcome:
    """Traefik and the Docker Engine speak a common API.

    Otherwise Traefik sees no container, and answers 404 to everything. Take the tag of a newer Traefik in
    compose.proxy.yaml: v3.6.1 or later, v2.11.31 or later.
    """
    if facts.versions is None or not facts.versions.oldest_api:
        return skipped("the Docker Engine did not tell the oldest API that it answers to")
    seen = (project.proxy.image, f"the engine answers to API {facts.versions.oldest_api} and later")
    if release(facts.versions.oldest_api) > OLD_API and _asks_with_old(project.proxy.image):
        return failed(*seen, "this Traefik asks with API 1.24")
    return passed(*seen)


def placeholders(project: Project, facts: Facts) -> Outcome:
    """No setting in .env or secrets is a placeholder.

    Everybody knows such a password, and no service takes such a key. Write the real value: in .env by hand, in
    secrets/app.env by `stack secret set` with the name. No public authority signs for a reserved name such as
    example.com or one below .test: STACK_CERTIFICATES=local in .env suits those.
    """
    wrong = [f"{name} in .env waits for its value" for name, value in facts.settings.items() if _waits(name, value)]
    wrong += [f"{name} in {SECRETS}/ waits for its value" for name in facts.placeholders]
    if project.certificates in {ACME, STAGING}:
        wrong += [f"{what} has a reserved name, and certificates are public" for what in _reserved(project)]
    if wrong:
        return failed(*wrong)
    doubtful = [f"{name} in .env may wait for its value" for name in facts.doubtful]
    return warned(*doubtful) if doubtful else passed()


def _wanting(service: Service, project: Project, facts: Facts) -> int:
    """Return how many containers of a service are to be started; none of what has ended when the others start.

    Of an app that is replaced one more than it has, for a while.
    """
    running = [one for one in facts.of(service.name) if one.state == "running"]
    others = overlap.others(project, facts) if service.name == APP and overlap.rolls(project, facts) else ()
    rolling = any(one in others for one in running)
    return 0 if service.one_shot else max(1 if rolling else 0, service.replicas - len(running))


def _shares(started: list[tuple[Service, int]], wanted: int) -> str:
    """Return who may take how much, and all together."""
    parts = [
        f"{one.name}{f' x {number}' if number > 1 else ''} {_mb(one.memory * number) if one.memory else 'any amount'}"
        for one, number in started
    ]
    return f"to be started: {', '.join(parts)}; at most {_mb(wanted)} by their limits"


def _available(room: Room) -> str:
    total = "" if room.memory_total is None else f" of {_mb(room.memory_total)}"
    return f"available: {_mb(room.memory or 0)}{total}, and {_mb(room.swap or 0)} of swap"


def _mb(size: float) -> str:
    return f"{size / MB:.0f} MB"


def _asks_with_old(image: str) -> bool:
    """Tell whether an image has a Traefik that is too old; a tag that moves has, when its newest release is."""
    found = TAG.search(image)
    if not found or int(found[1]) > max(FIXED):
        return False
    first = FIXED.get(int(found[1]))
    return first is None or (int(found[2] or first[0]), int(found[3] or first[1])) < first


def _waits(name: str, value: str) -> bool:
    """Tell whether a setting of the stack is a placeholder; other lines of .env are the app's own affair."""
    return name.startswith(OURS) and is_placeholder(value)


def _reserved(project: Project) -> list[str]:
    """Return which of the names that an authority gets to see are reserved, with what they are."""
    told = [(f"the host {host}", host) for host in project.hosts]
    told.append(("STACK_ACME_EMAIL in .env", project.proxy.environment.get("STACK_ACME_EMAIL", "")))
    return [what for what, name in told if RESERVED.search(name.lower().rstrip("."))]
