"""What containers take of the machine, and which processes are in them: all of them looked at side by side."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from docker import DockerClient
from docker.errors import DockerException

from ..facts import Process
from ..facts.usage import Usage, usage

T = TypeVar("T")

SECONDS = 0.25
"""Between the two looks that a share of a core is told from."""
LOOK_SECONDS, INSIDE_SECONDS = 3.0, 12.0
"""How long one look at all of them may take, from outside and from inside."""
COLUMNS = "-ww -eo pid,ppid,args"
"""What `ps` is asked for: command lines in full."""


class Meter:
    """Two looks at what containers take."""

    def __init__(self, client: DockerClient) -> None:
        self._client = client
        self._before: dict[str, Mapping[str, Any]] = {}
        self._since = time.monotonic()

    def begin(self, ids: Iterable[str]) -> None:
        """Look at containers for the first time; at those that were looked at, no more."""
        new = [one for one in ids if one not in self._before]
        self._before |= side_by_side(self._stats, new)

    def end(self) -> Mapping[str, Usage]:
        """Look for the second time, and return what each takes that still runs."""
        time.sleep(max(0.0, self._since + SECONDS - time.monotonic()))
        after = side_by_side(self._stats, self._before)
        found = {one: usage(self._before[one], seen) for one, seen in after.items()}
        return {one: taken for one, taken in found.items() if taken}

    def _stats(self, container: str) -> Mapping[str, Any]:
        try:
            said = self._client.api.stats(container, stream=False, one_shot=True)
        except (DockerException, OSError):  # it has ended
            return {}
        return said if isinstance(said, dict) else {}


def side_by_side(look: Callable[[str], T], ids: Iterable[str], seconds: float = LOOK_SECONDS) -> dict[str, T]:
    """Return what is seen of each, in time: nobody waits for one that hangs, not even the end of the process.

    What goes wrong with one of them is raised.
    """
    wanted, found, failed = list(ids), dict[str, T](), list[Exception]()

    def work(one: str) -> None:
        try:
            found[one] = look(one)
        except Exception as error:  # noqa: BLE001 - it is for whoever asked
            failed.append(error)

    threads = [threading.Thread(target=work, args=(one,), daemon=True) for one in wanted]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    if failed:
        raise failed[0]
    done = dict(found)
    return {one: done[one] for one in wanted if one in done}


def processes(client: DockerClient, container: str) -> tuple[Process, ...]:
    """Return the processes in a container by the host's numbers, but for its first, which is 1; none if unseen."""
    try:
        first = client.api.inspect_container(container)["State"]["Pid"]
        rows = client.api.top(container, ps_args=COLUMNS)["Processes"]
    except (DockerException, OSError):
        return ()
    return tuple(process(row, str(first)) for row in rows or ())


def process(row: list[str], first: str) -> Process:
    """Return a process from a row of `ps`."""
    pid, parent = (1 if one == first else int(one) for one in row[:2])
    return Process(pid, parent, tuple(row[2].split()))
