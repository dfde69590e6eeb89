"""What this machine looks like, apart from Docker."""

from collections.abc import Iterable

import psutil

from ..facts import Holder


def holders(ports: Iterable[int]) -> tuple[Holder, ...]:
    """Return the processes that listen on one of these TCP ports; without their names where only root may ask."""
    wanted = set(ports)
    try:
        listening = [one for one in psutil.net_connections("tcp") if one.status == psutil.CONN_LISTEN]
    except psutil.AccessDenied:
        return ()
    pids = {one.laddr.port: one.pid for one in listening if one.laddr and one.laddr.port in wanted}
    found = {port: Holder(port, _who(pid, port)) for port, pid in pids.items()}
    return tuple(found[port] for port in sorted(found))


def _who(pid: int | None, port: int) -> str:
    if pid is None:
        return f"a process of another user (sudo ss -ltnp 'sport = :{port}' names it)"
    try:
        return f"process {psutil.Process(pid).name()} (pid {pid})"
    except psutil.NoSuchProcess:
        return f"process {pid}"
