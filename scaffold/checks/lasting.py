"""Whether the stack lasts: what died, what had to be started again, and what comes back after a restart."""

from .. import server
from ..facts import Container, Deaths, Facts
from ..project import Project
from .verdict import Outcome, judged, skipped

HOUR, MINUTE = 3600, 60
QUIET = {"critical", "error", "warning"}
"""Levels of Uvicorn's log at which it says nothing of a worker that died."""
STARTED_AGAIN = {"always", "unless-stopped"}
"""Policies of Docker's by which a container runs again after a restart of the server."""


def restarts(project: Project, facts: Facts) -> Outcome:
    """Docker has not had to start anything again in the last hour.

    Something ended by itself: what it had in hand is lost, and it will end again. `stack logs` with the service's name,
    or `docker compose logs`, shows its last words; mend what they name, then `stack up`.
    """
    there = ours(project, facts)
    again = [one for one in there if one.restarts and _ago(one, facts) < HOUR]
    wrong = (f"{one.name} was started again {_times(one)}, last {_minutes(_ago(one, facts))} ago" for one in again)
    return judged(wrong, (f"{one.name} {_times(one)}, last over an hour ago" for one in there if one.restarts))


def starved(project: Project, facts: Facts) -> Outcome:
    """Nothing was ended for lack of memory.

    What the kernel ends has no last words: requests in hand, or a database's connections, are cut off. Give it more:
    STACK_APP_MEMORY, STACK_POSTGRES_MEMORY or STACK_REDIS_MEMORY in .env, or fewer STACK_WORKERS; then `stack up`, and
    it is counted anew.
    """
    counted = {one.container: one.killed for one in facts.servers if one.killed}
    wrong = [
        f"{one.name}: {_processes(counted.get(one.name, 0))} ended at its limit of {one.made.memory >> 20} MB"
        f" since {one.started:%Y-%m-%d %H:%M} UTC"
        for one in ours(project, facts)
        if one.starved or counted.get(one.name)
    ]
    return judged(wrong, ())


def died(project: Project, facts: Facts) -> Outcome:
    """No worker has died in the last hour.

    Every request that it had in hand died with it, and people saw 502. `stack logs app`, or `docker compose logs app`,
    shows what it said before; without a word of its own, native code crashed, or it hung longer than the server waits.
    """
    if why := _untold(project, facts):
        return skipped(why)
    wrong = [f"{one.container}: {words}" for one in facts.deaths for words in one.words]
    return judged(wrong, (_heard(one, facts) for one in facts.deaths))


def boot(project: Project, facts: Facts) -> Outcome:
    """After a restart of the server the stack comes back by itself.

    Providers restart servers at night, and updates do. `sudo systemctl enable docker` (OpenRC: `rc-update add docker`)
    starts the engine; `restart: unless-stopped` in the service's Compose file, then `stack up`, starts a container.
    """
    wrong = ["the Docker Engine is not started with the server"] if facts.boots is False else []
    once = {one.name for one in project.services if one.one_shot}
    there = [one for one in facts.containers if one.service not in once]
    wrong += [f"{one.name} has the restart policy {_policy(one)}" for one in there if _policy(one) not in STARTED_AGAIN]
    untold = "" if facts.boots else "nothing here tells whether "
    return judged(wrong, (f"{untold}the Docker Engine is started with the server", *map(_kept, there)))


def ours(project: Project, facts: Facts) -> list[Container]:
    """Return the project's own containers, without those of the shared proxy that it joins."""
    return [one for one in facts.containers if project.find(one.service)]


def _untold(project: Project, facts: Facts) -> str:
    """Return why nobody knows whether workers died; empty when their server tells."""
    running = [one.name for one in facts.of(project.app.name) if one.state == "running"]
    heard = {one.container for one in facts.deaths}
    if mute := [name for name in running if name not in heard]:
        return f"the log of {', '.join(mute)} cannot be read"
    if project.is_static:
        return ""
    if unknown := [one.container for one in facts.servers if not server.name(one.argv)]:
        return f"{', '.join(unknown)} runs neither uvicorn nor fastapi"
    return next(filter(None, (_quiet(project, one.argv) for one in facts.servers)), "")


def _quiet(project: Project, argv: tuple[str, ...]) -> str:
    level = server.option(argv, "log-level") or project.app.environment.get("UVICORN_LOG_LEVEL", "")
    return f"at the log level {level} the server says nothing of it" if level.lower() in QUIET else ""


def _heard(one: Deaths, facts: Facts) -> str:
    back = (facts.now - one.since).total_seconds()
    # The moment itself is a little earlier than that of the look.
    much = f" in the last {_minutes(back)}: it writes so much that no more was read" if back < HOUR - MINUTE else ""
    return f"{one.container}: none{much}"


def _processes(number: int) -> str:
    return f"{number} process{'es' * (number > 1)}" if number else "a process"


def _times(one: Container) -> str:
    return "once" if one.restarts == 1 else f"{one.restarts} times"


def _ago(one: Container, facts: Facts) -> float:
    return (facts.now - one.started).total_seconds()


def _minutes(seconds: float) -> str:
    minutes = max(0, int(seconds // MINUTE))
    return f"{minutes} minute{'s' * (minutes != 1)}" if minutes else "less than a minute"


def _policy(one: Container) -> str:
    return one.made.restart or "no"


def _kept(one: Container) -> str:
    return f"{one.name} {_policy(one)}"
