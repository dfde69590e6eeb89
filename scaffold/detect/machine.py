"""What this machine looks like, apart from Docker."""

from collections.abc import Iterable
from pathlib import Path

import psutil

from ..facts import Holder, Room


def room(disk: Path) -> Room:
    """Return the memory and the disk that are left; `disk` is the folder where Docker keeps its data."""
    memory = psutil.virtual_memory()
    return Room(memory.available, memory.total, psutil.swap_memory().free, _free(disk))


def _free(folder: Path) -> int | None:
    """Return what others than root may still write; None where the folder is not on this machine."""
    try:
        return int(psutil.disk_usage(str(folder)).free)
    except OSError:
        return None


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


def interfaces() -> tuple[str, ...]:
    """Return the IP addresses of this machine's interfaces, loopback among them, in the order of the system."""
    families = {"AF_INET", "AF_INET6"}
    known = [one for addresses in psutil.net_if_addrs().values() for one in addresses if one.family.name in families]
    return tuple(dict.fromkeys(one.address.partition("%")[0] for one in known))  # fe80::1%eth0 without its scope
