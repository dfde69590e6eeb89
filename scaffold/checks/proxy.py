"""Traefik's inside: what it may ask Docker, what it keeps, what it has complained about, and who gets to see it."""

from datetime import timedelta
from pathlib import PurePosixPath

from .. import orders as orders_
from ..facts import Complaint, Container, Facts
from ..project import SOCKET_PROXY, Project
from .verdict import Outcome, failed, judged, passed, skipped

SOCKETS = ("/var/run/docker.sock", "/run/docker.sock")
PING = "GET /_ping"
REFUSED = 403
OTHERS = 0o077
"""The permission bits of everybody but the owner."""
BACKDATED = timedelta(hours=1)
"""By how much an authority dates a certificate back, for clocks that are slow: Let's Encrypt's hour."""


def api(_project: Project, facts: Facts) -> Outcome:
    """Traefik's API and dashboard cannot be reached.

    They show every route, name and address of the server to whoever asks. Take TRAEFIK_API_… out of `environment:` of
    traefik, and every router of the service api@internal out of labels and files, then `stack up`.
    """
    if routed := [f"{one.name} has the label {name}" for one in facts.containers for name in _routed(one)]:
        return failed(*routed)
    if facts.api is None:
        return skipped(
            "Traefik's address in its network cannot be reached from here, and on the published ports is none"
        )
    return judged((f"Traefik itself answers at {where}" for where in facts.api), ())


def socket(_project: Project, facts: Facts) -> Outcome:
    """Docker's socket is mounted in the socket proxy alone.

    Whoever may write to the socket is root on the server. Take the mount out of `volumes:` of the service that is
    named; what has to read Docker's API can have a socket proxy of its own.
    """
    everybody = (*facts.containers, *facts.orphans)
    proxies = [one for one in everybody if one.service == SOCKET_PROXY]
    known = {source for one in proxies for source in one.made.mounts.values() if source.endswith(".sock")}
    wrong = [
        f"{one.name} mounts {source}"
        for one in everybody
        for source in sorted(set(one.made.mounts.values()))
        if one.service != SOCKET_PROXY and _holds(source, known | set(SOCKETS))
    ]
    return judged(wrong, (one.name for one in proxies))


def readonly(_project: Project, facts: Facts) -> Outcome:
    """The socket proxy refuses to write.

    Whoever breaks into Traefik could otherwise start a container that is root on the server. Put back the two lines
    `http-request deny` in socket-proxy/haproxy.cfg, then `docker compose restart socket-proxy`.
    """
    if not facts.of(SOCKET_PROXY):
        return passed("there is no socket proxy in this stack")
    if not facts.socket_proxy:
        return skipped("the socket proxy cannot be reached from here")
    asked = {request: status for request, status in facts.socket_proxy.items() if request != PING}
    wrong = [f"{request} was let through: {status}" for request, status in asked.items() if status not in {0, REFUSED}]
    silent = [request for request, status in facts.socket_proxy.items() if not status]
    if silent and not wrong:
        return skipped(f"no answer in time to {', '.join(silent)}")
    return judged(wrong, (f"{request} is refused" for request in asked))


def storage(project: Project, facts: Facts) -> Outcome:
    """Only Traefik can read its certificates' keys.

    Who has a key can be the site; and at its next start Traefik does not open a storage that others may read, so no
    certificate is served. `docker compose exec traefik chmod 600` with the file that is named.
    """
    if not project.ordered:
        return passed("Traefik keeps no keys of its own here")
    wide = [f"{path} has mode {mode:04o}" for path, mode in facts.storage.items() if mode & OTHERS]
    return judged(wide, (f"{path}: {mode:04o}" for path, mode in facts.storage.items()))


def orders(project: Project, facts: Facts) -> Outcome:
    """Traefik has had no trouble with an authority since it started.

    It does not try again by itself until a renewal is due, and a certificate that is not renewed ends the site for
    everybody. Mend what is named, then `stack up`; `docker compose logs traefik` has all of it.
    """
    about = [one for one in facts.complaints if one.about == "orders" and not _settled(one, facts)]
    if not about:
        return passed()
    lines = [one.text for one in about]
    known = orders_.explain(lines, project.challenge, project.serving.name)
    told = (known.cause, f"to mend it: {known.hint}") if known else ()
    return failed(*told, f"{about[-1].at:%Y-%m-%d %H:%M} UTC: {lines[-1]}")


def routers(_project: Project, facts: Facts) -> Outcome:
    """Every router that labels and files ask for is served.

    What Traefik does not understand it leaves out: people see 404. Mend the label in the Compose file, or the file in
    traefik/dynamic, that is named, then `stack up`.
    """
    return judged(dict.fromkeys(one.text for one in facts.complaints if one.about == "routers"), ())


def _routed(one: Container) -> list[str]:
    """Return the labels by which a container asks for a router to Traefik's API, at whatever name."""
    return [name for name, value in one.made.labels.items() if name.endswith(".service") and value == "api@internal"]


def _holds(source: str, sockets: set[str]) -> bool:
    """Tell whether what is mounted is a socket, or a folder with one in it."""
    return source.startswith("/") and any(PurePosixPath(one).is_relative_to(source) for one in sockets)


def _settled(complaint: Complaint, facts: Facts) -> bool:
    """Tell whether a certificate for all that a complaint is about came later, and is served."""
    served = facts.handshakes
    hosts = [host for host in complaint.hosts or served if host in served]
    came = (served[host].accepted_for(host) and served[host].not_before + BACKDATED > complaint.at for host in hosts)
    return bool(hosts) and all(came)
