"""Whether the engine is started with the server, by the files of systemd and OpenRC."""

from pathlib import Path

import pytest

from scaffold import detect

UNIT = "lib/systemd/system/docker.service"
WANTED = "etc/systemd/system/multi-user.target.wants/docker.service"
SNAP = "etc/systemd/system/snap.docker.dockerd.service"
OWN = "home/anna/.config/systemd/user/default.target.wants/docker.service"
SYSTEMD, OPENRC = "run/systemd/system/", "run/openrc/"


@pytest.mark.parametrize(
    ("files", "boots"),
    [
        ((), None),
        ((UNIT, WANTED, "etc/runlevels/default/docker"), None),
        ((SYSTEMD,), None),
        ((SYSTEMD, UNIT), False),
        ((SYSTEMD, UNIT, WANTED), True),
        ((SYSTEMD, "usr/lib/systemd/system/docker.service"), False),
        ((SYSTEMD, UNIT, "etc/systemd/system/sockets.target.wants/docker.socket"), False),
        ((SYSTEMD, UNIT, "etc/systemd/system/multi-user.target.wants/ssh.service"), False),
        ((SYSTEMD, SNAP), False),
        ((SYSTEMD, SNAP, "etc/systemd/system/multi-user.target.wants/snap.docker.dockerd.service"), True),
        ((SYSTEMD, UNIT, OWN), False),
        ((SYSTEMD, UNIT, OWN, "var/lib/systemd/linger/anna"), True),
        ((SYSTEMD, UNIT, OWN, "var/lib/systemd/linger/otto"), False),
        ((OPENRC,), False),
        ((OPENRC, "etc/runlevels/default/docker"), True),
        ((OPENRC, "etc/runlevels/boot/docker"), True),
    ],
)
def test_what_starts_with_the_server_is_in_the_files_of_its_init_system(
    tmp_path: Path, files: tuple[str, ...], boots: bool | None
) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).mkdir() if name.endswith("/") else (tmp_path / name).touch()
    assert detect.boots(tmp_path) is boots


def test_a_link_counts_wherever_it_leads(tmp_path: Path) -> None:
    (tmp_path / SYSTEMD).mkdir(parents=True)
    (tmp_path / WANTED).parent.mkdir(parents=True)
    (tmp_path / WANTED).symlink_to("/nowhere/docker.service")
    assert detect.boots(tmp_path) is True
