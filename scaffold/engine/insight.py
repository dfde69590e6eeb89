"""What nobody outside should reach: the data services, and Traefik's own files and words. Nothing is changed there."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from docker import DockerClient
from docker.errors import NotFound

from .. import inside, orders, routers, routing
from ..facts import Complaint, Container, Dial, Facts, Space, Store
from ..project import POSTGRES, Project
from . import inspection, leaks, within

EXEC_SECONDS = "5"
"""How long a question may take inside a container."""
FREE = re.compile(r"\s(\d+)\s+\d+\s+(\d+)\s+\d+%\s")
"""Size, use and what is left in the line of `df -Pk`."""
ASK_STORE = 'df -Pk "${PGDATA:-.}"; exec timeout "$@"'
"""Where PostgreSQL keeps its data, and the folder where Redis starts."""
LASTING = ("fsync", "full_page_writes", "synchronous_commit", "data_directory")
KEEPING = ("appendonly", "appendfsync", "maxmemory-policy", "dir")
QUESTION = f"SELECT name, setting FROM pg_settings WHERE name IN {LASTING}"  # noqa: S608 - words of ours
ASK_POSTGRES = (*inside.SQL, "--tuples-only", "--no-align", "--field-separator==", f"--command={QUESTION}")
ASK_REDIS = (*inside.REDIS_CLI, "config", "get", *KEEPING)
DIAL = """
for peer; do
  { nc -w 1 "${peer%/*}" "${peer#*/}" -e true </dev/null >/dev/null 2>&1; echo "$? $peer"; } &
done
wait
"""
"""Arguments: ADDRESS/PORT. Prints 0 before those that accept a connection. Every busybox knows these options of nc;
-z is one that only some are built with."""
DIALS = 2
"""Whenever any network comes or goes, Docker takes its rules away for a moment, to put them first again: what is open
or closed only then is tried once more."""
APP_PORT = 8000
PORT_LABEL = re.compile(r"traefik\.http\.services\.[^.]+\.loadbalancer\.server\.port", re.IGNORECASE)
LOG_LINES = 30_000
"""How many lines of Traefik's log are read from its end: of 22 MB, about as many, 0.8 s on two cores."""
TROUBLE = re.compile(rb'"level":"(?:error|warn)"')
"""What stands in a line that counts: quotes in what a visitor sends are escaped in the access log."""


@dataclass(frozen=True)
class Insight:
    """Looks into one project's containers, as they were seen a moment ago."""

    client: DockerClient
    project: Project
    facts: Facts

    def store(self, container: Container) -> Store:
        """Return what a data service says of itself."""
        words = ASK_POSTGRES if container.service == POSTGRES else ASK_REDIS
        status, said = within.run(self.client, container.id, ["sh", "-c", ASK_STORE, "sh", EXEC_SECONDS, *words])
        return store(container.service, status, said)

    def dials(self, stores: Sequence[Container]) -> tuple[Dial, ...] | None:
        """Return what came of connecting from Traefik's container to data services.

        None when it cannot connect to the app either, which it has to: then it says nothing that it cannot.
        """
        if not stores:
            return ()
        peers = {f"{address}/{inspection.CALLS[one.service][0]}": one for one in stores for address in _addresses(one)}
        if not all(map(_addresses, stores)):
            return None
        control = self._app_peer()
        traefik = next((one for one in self.facts.of(self.project.proxy.name) if one.state == "running"), None)
        if not control or not traefik:
            return None
        status = self._agreed(traefik, control, peers)
        if status is None:
            return None
        return tuple(Dial(one.service, peer.partition("/")[0], status[peer]) for peer, one in peers.items())

    def _agreed(self, traefik: Container, control: str, peers: Collection[str]) -> Mapping[str, bool] | None:
        """Return which addresses take a connection whenever it is tried; None when the control never did."""
        tries: list[Mapping[str, bool]] = []
        for _ in range(DIALS):
            told = self._tried(traefik, control, peers)
            tries += [told] if told.get(control) and set(peers) <= set(told) else []
            if tries and not any(tries[-1][peer] for peer in peers):
                break
        return {peer: all(told[peer] for told in tries) for peer in peers} if tries else None

    def _tried(self, traefik: Container, control: str, peers: Iterable[str]) -> dict[str, bool]:
        """Return which of some addresses take a connection from Traefik's container, by address and port."""
        _, said = within.run(self.client, traefik.id, ["sh", "-c", DIAL, "sh", control, *peers])
        return {peer: number == "0" for number, _, peer in (line.partition(" ") for line in said.splitlines())}

    def complaints(self) -> tuple[Complaint, ...]:
        """Return what Traefik has written about this project's certificates since it started, and about its routers.

        Of these only what may still be true: nothing was started or changed since, and whom it names is there.
        """
        proxies = [one for one in self.facts.of(self.project.proxy.name) if one.state == "running"]
        entries = [entry for one in proxies for entry in self._trouble(one)]
        return (*self._about_orders(entries), *self._about_routers(entries))

    def storage(self) -> Mapping[str, int]:
        """Return the permission bits of the file in which Traefik keeps certificates and their keys."""
        proxies = [one for one in self.facts.of(self.project.proxy.name) if one.state == "running"]
        if not self.project.ordered or not proxies:
            return {}
        try:
            stream, entry = self.client.api.get_archive(proxies[0].id, self.project.acme_storage)
        except NotFound:
            return {}
        stream.close()  # the keys are nobody's business
        return {self.project.acme_storage: int(entry["mode"]) & 0o777}

    def exposed(self, values: leaks.Values) -> tuple[str, ...]:
        """Return which secrets stand in `docker inspect` of a container, and where."""
        return leaks.exposed(self.client, (*self.facts.containers, *self.facts.orphans), values)

    def baked(self, values: leaks.Values) -> tuple[str, ...] | None:
        """Return which secrets lie in the app's image, and where; None when it cannot be read."""
        found = self.facts.of(self.project.app.name)
        image = found[0].image_id if found else self.facts.images.get(self.project.app.image, "")
        running = [one for one in found if one.state == "running" and not self.project.is_static]
        return leaks.baked(self.client, image, running[:1], values)

    def _app_peer(self) -> str:
        """Return where Traefik reaches the app, as ADDRESS/PORT; empty when nothing of it serves."""
        found = (
            one.addresses.get(self.project.edge, "") for one in self.facts.of(self.project.app.name) if one.serving
        )
        address = next(filter(None, found), "")
        ports = (value for name, value in self.project.app.labels.items() if PORT_LABEL.fullmatch(name))
        return f"{address}/{next(ports, APP_PORT)}" if address else ""

    def _trouble(self, traefik: Container) -> Iterator[Mapping[str, Any]]:
        """Yield the entries of a container's log that are errors or warnings."""
        api = self.client.api
        text: bytes = api.logs(traefik.id, since=traefik.started.timestamp(), tail=LOG_LINES)
        kept = b"\n".join(one for one in text.splitlines() if TROUBLE.search(one))
        yield from inspection.documents(kept.decode(errors="replace"))

    def _about_orders(self, entries: Sequence[Mapping[str, Any]]) -> Iterator[Complaint]:
        hosts = self.project.hosts
        for entry in entries:
            for said in orders.lines([entry], hosts):
                yield Complaint(_when(entry), said, "orders", tuple(entry.get("domains") or ()))

    def _about_routers(self, entries: Sequence[Mapping[str, Any]]) -> Iterator[Complaint]:
        told = [entry for entry in entries if routers.tells(entry)]
        authors = self._authors() if told else ()
        for entry in told:
            if _when(entry) >= self._since(entry, authors) and self._ours(entry, authors):
                yield Complaint(_when(entry), routers.line(entry), "routers")

    def _ours(self, entry: Mapping[str, Any], authors: Sequence[routers.Author]) -> bool:
        """Tell whether an entry is about what is there; behind a shared proxy, about this project's part of it."""
        if routers.from_file(entry) or routers.is_general(entry):
            return not self.project.joins
        if routers.ids(entry) - {one.id for one in authors}:
            return False
        mine = {one.id for one in self.facts.containers}
        asked = [one for one in authors if not self.project.joins or one.id in mine]
        return any(routers.concerns(entry, one) for one in asked)

    def _since(self, entry: Mapping[str, Any], authors: Sequence[routers.Author]) -> datetime:
        """Return when what an entry is about was read last; to the second, as Traefik's log has it.

        Whatever it serves starts, Traefik looks at everything anew, and says again what it does not understand.
        """
        read = {one.id for one in authors}
        found = [one for one in self.facts.containers if one.id in read or one.service == self.project.proxy.name]
        moments = [*(one.started for one in found), *(one.made for one in authors)]
        if routers.from_file(entry):
            moments += [self.facts.modified[path] for path in self._files() if path in self.facts.modified]
        return max(moments).replace(microsecond=0)

    def _files(self) -> Iterator[Any]:
        """Yield what Traefik's file provider reads, as it lies on the server."""
        folder = self.project.proxy.environment.get("TRAEFIK_PROVIDERS_FILE_DIRECTORY", "/etc/traefik/dynamic")
        yield from (path for place, path in self.project.proxy.binds.items() if place.startswith(folder))

    def _authors(self) -> tuple[routers.Author, ...]:
        """Return the containers that this Traefik serves, of any project."""
        wanted = f"{routing.PROXY}={self.project.serving.name}"
        found = self.client.api.containers(all=True, filters={"label": wanted})
        return tuple(_author(one) for one in found)


def _author(row: Mapping[str, Any]) -> routers.Author:
    made = datetime.fromtimestamp(row["Created"], UTC)
    return routers.Author(row["Id"], row["Names"][0].lstrip("/"), row["Labels"], made)


def store(service: str, status: int, said: str) -> Store:
    """Return what ASK_STORE printed, as a value."""
    lines = said.splitlines()
    free = next(((number, found) for number, line in enumerate(lines) if (found := FREE.search(line))), None)
    room = Space(int(free[1][2]) * 1024, int(free[1][1]) * 1024) if free else None
    rest = lines[free[0] + 1 :] if free else lines
    settings = dict(one.split("=", 1) for one in rest if "=" in one)
    if service != POSTGRES:
        settings = dict(zip(rest[::2], rest[1::2], strict=False))
    known = {name: value for name, value in settings.items() if name in {*LASTING, *KEEPING}}
    problem = "" if known and not status else next(iter(rest[-1:]), "") or f"it ended with status {status}"
    return Store(service, known, room, problem)


def _addresses(container: Container) -> tuple[str, ...]:
    return tuple(container.addresses.values())


def _when(entry: Mapping[str, Any]) -> datetime:
    """Return when an entry was written; the earliest moment there is when it does not say."""
    try:
        return datetime.fromisoformat(str(entry.get("time", "")))
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
