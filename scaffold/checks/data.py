"""What keeps the app's data."""

from collections.abc import Mapping
from pathlib import PurePosixPath

from ..facts import Facts, Store
from ..project import POSTGRES, REDIS, Project
from .containers import healthy, unpublished
from .drift import ANONYMOUS
from .room import LEFT, MB, SPARE
from .verdict import Outcome, failed, judged, passed, skipped, warned

NO_STORES = "there are no data services in this stack"
LASTING: Mapping[str, Mapping[str, frozenset[str]]] = {
    POSTGRES: {
        "fsync": frozenset({"on"}),
        "full_page_writes": frozenset({"on"}),
        "synchronous_commit": frozenset({"on", "local", "remote_write", "remote_apply"}),
    },
    REDIS: {"appendonly": frozenset({"yes"}), "appendfsync": frozenset({"always", "everysec"})},
}
"""Settings, and the values with which what was written lasts; with `everysec`, all but the last second."""
FOLDERS = {POSTGRES: "data_directory", REDIS: "dir"}
"""The setting that tells where a service keeps its data."""


def version(project: Project, facts: Facts) -> Outcome:
    """The data in PostgreSQL's volume was made by the major version that is to be started.

    Another one does not read it, and may begin with an empty database instead. Set STACK_POSTGRES_VERSION in .env to
    the version of the data. To change it: dump with the old version, `docker compose down`, remove the volume, start
    the new one, restore (the project's manual has the commands).
    """
    if project.database is None:
        return passed("there is no PostgreSQL in this stack")
    if facts.data_version is None:
        return skipped("what is in the volume cannot be seen before an image is here")
    if not facts.data_version:
        return passed("there is no data yet")
    if not facts.server_version:
        return skipped(f"{project.database.image} does not tell its version")
    seen = f"data of PostgreSQL {facts.data_version}, server of PostgreSQL {facts.server_version}"
    return passed(seen) if facts.data_version == facts.server_version else failed(seen)


def data_healthy(project: Project, facts: Facts) -> Outcome:
    """The data services run and are healthy.

    Without them the app cannot do its work. `docker compose logs` with the service's name shows why: a full disk, most
    often. `stack up` starts what does not run.
    """
    return healthy(project.stores, facts) if project.stores else passed(NO_STORES)


def reached(project: Project, facts: Facts) -> Outcome:
    """PostgreSQL and Redis answer from the app's network.

    Every page that needs them is an error otherwise, while all containers count as healthy. `networks:` in the Compose
    files has to name a network that the app shares with each of them; `stack up` makes it so.
    """
    if not project.stores:
        return passed(NO_STORES)
    known = [one for one in facts.servers if one.argv]
    if not known:
        return skipped("nothing could be asked from the app's container")
    tried = [(one.container, store.name, one.reached.get(store.name)) for one in known for store in project.stores]
    wrong = [f"{app} does not reach {name}: {_why(said)}" for app, name, said in tried if said != ""]
    return judged(wrong, (f"{app} reaches {name}" for app, name, _ in tried))


def private(project: Project, facts: Facts) -> Outcome:
    """Nobody outside the app's network reaches the data services.

    What can be connected to can be tried for passwords, by whoever breaks into anything beside it. Take the network
    that is named out of `networks:` of the service, in its Compose file, then `stack up`.
    """
    if not project.stores:
        return passed(NO_STORES)
    if facts.dials is None:
        return skipped("no connection could be tried from Traefik's container: no `nc` there, or no app that serves")
    shared = {address: name for one in facts.containers for name, address in one.addresses.items()}
    wrong = [
        f"{one.service} can be reached from Traefik's container, at {one.address} on {shared.get(one.address, '?')}"
        for one in facts.dials
        if one.open
    ]
    return judged(wrong, (f"{one.service}: Traefik does not reach {one.address}" for one in facts.dials))


def published(project: Project, facts: Facts) -> Outcome:
    """No data service is published.

    Docker publishes past the server's firewall: a database on a published port is on the internet. Remove `ports:` from
    the service: `stack psql` and `stack redis` reach it without.
    """
    if not project.stores:
        return passed(NO_STORES)
    there = [one for store in project.stores for one in facts.of(store.name)]
    if bare := [one.name for one in there if one.made.network == "host"]:
        return failed(*(f"{name} has no network of its own, but the server's" for name in bare))
    return unpublished([(one, port) for one in there for port in one.ports])


def persistent(project: Project, facts: Facts) -> Outcome:
    """What is written to PostgreSQL and Redis lasts.

    After a power cut, or with the next container, what the app was told is kept would be gone. Take what is named out
    of the service's Compose file, or out of its settings; data belongs on a volume with a name.
    """
    if not project.stores:
        return passed(NO_STORES)
    if not facts.stores:
        return skipped("no data service runs that could be asked")
    asked = [one for one in facts.stores if not one.problem]
    unasked = [f"{one.service} could not be asked: {one.problem}" for one in facts.stores if one.problem]
    wrong = [f"{one.service}: {said}" for one in asked for said in (*_lost(one), *_homeless(one, facts))]
    if unasked and not wrong:
        return skipped(*unasked)
    dropped = [
        f"{one.service}: maxmemory-policy {_policy(one)} drops data when memory is used up" for one in _lossy(facts)
    ]
    if dropped and not wrong:
        return warned(*dropped)
    return judged([*wrong, *dropped], (f"{one.service}: {_settings(one)}" for one in facts.stores))


def room(project: Project, facts: Facts) -> Outcome:
    """Every volume has room.

    On a full one PostgreSQL stops, Redis refuses to write, and uploads fail. `docker system df -v` shows what is large;
    remove what is not needed, or give the server a larger disk.
    """
    spaces = {one.service: one.room for one in facts.stores if one.room}
    spaces |= {f"{one.container}:{place}": left for one in facts.servers for place, left in one.room.items()}
    if not spaces:
        none = not project.stores and (project.is_proxy or not project.app.volumes)
        return passed("there is no volume of data in this stack") if none else skipped("no volume could be looked at")
    seen = [(f"{name}: {one.free // MB} MB free of {one.total // MB} MB", one) for name, one in spaces.items()]
    if full := [said for said, one in seen if one.free < min(LEFT, one.total // 10)]:
        return failed(*full)
    tight = [said for said, one in seen if one.free < min(SPARE, one.total // 4)]
    return warned(*tight) if tight else passed(*(said for said, _ in seen))


def _why(said: str | None) -> str:
    return "no answer in time" if said is None else said


def _lost(store: Store) -> list[str]:
    """Return the settings with which something that was written may be lost."""
    wanted = LASTING.get(store.service, {})
    said = ((name, store.settings.get(name, "not told")) for name in wanted)
    return [f"{name} is {value}" for name, value in said if value not in wanted[name]]


def _homeless(store: Store, facts: Facts) -> list[str]:
    """Return what is wrong with the place of a service's data: no volume, or one that goes with the container."""
    folder = PurePosixPath(store.settings.get(FOLDERS.get(store.service, ""), "") or "/")
    wrong = []
    for one in facts.of(store.service):
        around = [place for place in one.made.mounts if folder.is_relative_to(place)]
        kept = one.made.mounts[max(around, key=len)] if around else ""
        if not kept:
            wrong.append(f"{folder} in {one.name} is on no volume")
        elif ANONYMOUS.fullmatch(kept):
            wrong.append(f"{folder} in {one.name} is on a volume without a name, which the next container does not get")
    return wrong


def _lossy(facts: Facts) -> list[Store]:
    return [one for one in facts.stores if _policy(one).startswith("allkeys-")]


def _policy(store: Store) -> str:
    return store.settings.get("maxmemory-policy", "")


def _settings(store: Store) -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted(store.settings.items()))
