"""The bounds that containers are held to: memory, what the app's processes may do, and the size of logs."""

from ..facts import Confinement, Container, Facts
from ..project import Project
from .lasting import ours
from .room import MB
from .verdict import Outcome, judged, skipped

UNBOUNDED = {"json-file"}
"""Docker's drivers for logs that write without an end unless told otherwise; `local` keeps 100 MB."""
ENDLESS = {"", "-1"}
"""Sizes that are none."""


def memory(project: Project, facts: Facts) -> Outcome:
    """A limit of memory is in force in every container.

    Without one a leak takes the whole server's memory, and the kernel ends whatever it likes: the database, or sshd.
    Write `mem_limit:` for that service in its Compose file, then `stack up`. An engine that can limit nothing needs the
    kernel's memory cgroup: on a Raspberry Pi `cgroup_enable=memory` in cmdline.txt.
    """
    there = ours(project, facts)
    if not there:
        return skipped("there is no container of this project")
    wrong = [] if facts.limits else ["this kernel lets the Docker Engine limit no memory"]
    wrong += [f"{one.name} has no limit" for one in there if not one.made.memory]
    return judged(wrong, (f"{one.name} {one.made.memory // MB} MB" for one in there))


def confined(project: Project, facts: Facts) -> Outcome:
    """The app runs as its user, on a read-only disk, and without capabilities.

    Whoever takes the app over through a hole in it could otherwise change its code, or the server. The lines `user:`,
    `read_only:`, `cap_drop:` and `security_opt:` in compose.app.yaml see to it; `stack up` brings them into force.
    """
    inside = {one.container: one.confinement for one in facts.servers}
    there = [one for one in facts.of(project.app.name) if one.state == "running"]
    wrong = [f"{one.name} {fault}" for one in there for fault in _faults(one, inside.get(one.name), project.app.user)]
    if not wrong and (unread := [one.name for one in there if not inside.get(one.name)]):
        return skipped(f"what process 1 may do cannot be read in {', '.join(unread)}: it has neither Python nor `cat`")
    return judged(wrong, (f"{one.name} as {_who(one, inside.get(one.name))}" for one in there))


def logs(project: Project, facts: Facts) -> Outcome:
    """The log of every container is kept to a size.

    One without an end fills the disk in some months, or in one night of errors, and then nothing works. Write
    `logging:` with max-size and max-file for that service in its Compose file, then `stack up`.
    """
    there = ours(project, facts)
    wrong = [f"{one.name} writes a log without an end ({one.made.log_driver})" for one in there if _endless(one)]
    return judged(wrong, (f"{one.name} {one.made.log_driver} {one.made.log_size}".rstrip() for one in there))


def _faults(one: Container, seen: Confinement | None, wanted: str) -> list[str]:
    """Return what is wrong with how a container is held, by Docker's word and by its process 1."""
    faults = {
        "runs as root": _user(one, seen) in {"", "0", "root"},
        f"runs as {one.made.user}, and the files say {wanted}": bool(wanted) and one.made.user != wanted,
        "may write to its own disk": not one.made.read_only,
    }
    if seen:
        faults[f"has the capabilities {seen.capabilities:#x}"] = bool(seen.capabilities)
        faults["may get new privileges"] = not seen.locked
    return [fault for fault, there in faults.items() if there]


def _user(one: Container, seen: Confinement | None) -> str:
    """Return the user of a container: the process's own number, where that is known."""
    return str(seen.uid) if seen else one.made.user.partition(":")[0]


def _who(one: Container, seen: Confinement | None) -> str:
    known = "" if seen else ", by Docker's word alone: its processes cannot be read"
    return f"{_user(one, seen)}{known}"


def _endless(one: Container) -> bool:
    return one.made.log_driver in UNBOUNDED and one.made.log_size in ENDLESS
