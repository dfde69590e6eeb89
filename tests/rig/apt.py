"""Debian's packages, from the mirrors that this machine's own apt configuration names."""

from __future__ import annotations

import os
from pathlib import Path

from .shell import STATE, RigError, run, say, succeeds

RECORD = STATE / "installed-by-rig"
ARCHIVE_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


def os_release() -> dict[str, str]:
    """Return the fields of /etc/os-release; empty where there is none."""
    path = Path("/etc/os-release")
    lines = path.read_text().splitlines() if path.exists() else []
    return {name: value.strip('"') for name, _, value in (line.partition("=") for line in lines if "=" in line)}


def can_install() -> bool:
    """Tell whether the rig may install packages: root, on Debian or Ubuntu."""
    return os.geteuid() == 0 and os_release().get("ID") in {"debian", "ubuntu"}


def mirror() -> str:
    """Return the address of the Debian archive that apt uses here."""
    listing = run("apt-get", "indextargets", "--format", "$(REPO_URI) $(ORIGIN) $(COMPONENT)", "Created-By: Packages")
    for line in listing.splitlines():
        uri, origin, component = [*line.split(), "", "", ""][:3]
        if origin == "Debian" and component == "main" and "security" not in uri:
            return uri
    raise RigError("no Debian mirror in apt's configuration; run `apt-get update` and try again")


def add_suite(suite: str) -> None:
    """Make a newer Debian suite installable by name, pinned so low that nothing upgrades to it by itself."""
    Path(f"/etc/apt/sources.list.d/stack-rig-{suite}.sources").write_text(
        f"Types: deb\nURIs: {mirror()}\nSuites: {suite}\nComponents: main\nSigned-By: {ARCHIVE_KEYRING}\n"
    )
    Path(f"/etc/apt/preferences.d/stack-rig-{suite}").write_text(
        f"Package: *\nPin: release n={suite}\nPin-Priority: 100\n"
    )
    update()


def update() -> None:
    """Refresh apt's lists."""
    run("apt-get", "update", "-q")


def recorded() -> list[str]:
    """Return the packages that the rig installed on this machine."""
    return RECORD.read_text().split() if RECORD.exists() else []


def install(*packages: str, suite: str = "") -> None:
    """Install packages without questions and without recommended extras, and record those that were not there."""
    # Before the work, so that an interrupted one is known as ours too.
    STATE.mkdir(parents=True, exist_ok=True)
    new = [name for name in packages if not installed(name)]
    RECORD.write_text("".join(f"{name}\n" for name in dict.fromkeys([*recorded(), *new])))
    say(f"installing {', '.join(packages)} with apt")
    target = ["-t", suite] if suite else []
    # A package's start script must not start services behind the rig's back: there may be no init system.
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    run("apt-get", "install", "-y", "-q", "--no-install-recommends", *target, *packages, env=env)


def installed(package: str) -> bool:
    """Tell whether a package is installed."""
    query = ("dpkg-query", "--show", "--showformat=${db:Status-Status}", package)
    return succeeds(*query) and run(*query) == "installed"


def candidate(package: str) -> str:
    """Return the version apt would install, or an empty string."""
    for line in run("apt-cache", "policy", package).splitlines():
        name, _, value = line.strip().partition(": ")
        if name == "Candidate":
            return value if value != "(none)" else ""
    return ""
