"""Whether this machine starts Docker by itself, as far as the files of its init system tell."""

import os
from collections.abc import Iterator
from pathlib import Path

UNITS = ("docker.service", "snap.docker.dockerd.service")
UNIT_FOLDERS = ("etc/systemd/system", "usr/local/lib/systemd/system", "usr/lib/systemd/system", "lib/systemd/system")
"""Where systemd looks for units: systemd.unit(5)."""
LINGERS = "var/lib/systemd/linger"
"""The users whose services run from the start: a file each, as `loginctl enable-linger` makes it."""


def boots(root: Path = Path("/")) -> bool | None:
    """Tell whether the engine is started when the machine is; None where no init system runs that we can read.

    A socket that starts Docker when somebody asks is not enough: nobody asks after a start.
    """
    if (root / "run/systemd/system").is_dir():  # sd_booted(3)
        return _systemd(root)
    if (root / "run/openrc").is_dir():
        return any(_wanted(root, "etc/runlevels/*", ("docker",)))
    return None


def _systemd(root: Path) -> bool | None:
    if any(any(_wanted(root, f"{folder}/*.wants", UNITS)) for folder in UNIT_FOLDERS) or _rootless(root):
        return True
    known = any(os.path.lexists(root / folder / unit) for folder in UNIT_FOLDERS for unit in UNITS)
    return False if known else None


def _rootless(root: Path) -> bool:
    """Tell whether a user's own Docker is started, also while that user is not logged in."""
    return any(
        (root / LINGERS / link.relative_to(root / "home").parts[0]).exists()
        for link in _wanted(root, "home/*/.config/systemd/user/*.wants", UNITS)
    )


def _wanted(root: Path, folders: str, names: tuple[str, ...]) -> Iterator[Path]:
    """Yield the links with one of these names in folders of this pattern, whatever they lead to."""
    places = (folder / name for folder in root.glob(folders) for name in names)
    return (place for place in places if os.path.lexists(place))
