"""A server as `stack host` sees it: what was printed there, what is judged of it, and what `ssh` says when it fails."""

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scaffold import places, refusals
from scaffold.checks import readiness
from scaffold.checks.verdict import Status
from scaffold.errors import ExitCode, WrongInput
from scaffold.facts.survey import Published, Survey, logins, survey
from scaffold.remote import SCRIPT
from scaffold.screens import host as screen

GB, MB = 1024**3, 1024**2

# ------------------------------------------------------------------ what is printed there

SAID = """time\t1795417039
user\tdeploy
uid\t1000
groups\tdeploy docker
arch\tx86_64
system\tubuntu
like\tdebian
title\tUbuntu 26.04 LTS
docker\t/usr/bin/docker
engine\t28.5.1
container\tshop-app-1 shop 8000/tcp
container\tshop-traefik-1 shop 0.0.0.0:80->80/tcp, [::]:80->80/tcp, 0.0.0.0:443->443/tcp
container\told-db  127.0.0.1:5432->5432/tcp, 0.0.0.0:9000-9001->9000-9001/tcp
compose\tv2.40.0
init\tsystemd
boot\tenabled
boot\t
listen\t00000000:0050
listen\t0100007F:1538
listen\t00000000000000000000000001000000:0277
listen\t00000000000000000000000000000000:01BB
socket\tLISTEN 0 4096 0.0.0.0:80 0.0.0.0:* users:(("nginx",pid=812,fd=6))
socket\tLISTEN 0 4096 [::]:443 [::]:*
memory\tMemTotal: 4000000
memory\tMemAvailable: 3000000
memory\tSwapTotal: 0
disk\t20000000 40000000 /var/lib/docker
synchronized\tyes
packages\tapt
unattended\t1
upgrader\tunattended-upgrade
firewall\tufw yes
firewall\tfirewalld inactive
a line that somebody's profile has printed
end\t.
"""


def test_what_was_printed_is_read() -> None:
    seen = survey(SAID, asked=1795417038.5, answered=1795417039.5, logins=("publickey",))
    assert (seen.user, seen.groups, seen.system, seen.like) == ("deploy", ("deploy", "docker"), "ubuntu", ("debian",))
    assert seen.containers == (
        Published("shop-app-1", "shop", ()),
        Published("shop-traefik-1", "shop", ("80", "443")),
        Published("old-db", "", ("9000-9001",)),
    )
    assert seen.listening == {80, 443}
    assert seen.owners == {80: "nginx (process 812)"}
    assert (seen.memory, seen.available, seen.swap) == (4000000 * 1024, 3000000 * 1024, 0)
    assert (seen.free, seen.disk, seen.place) == (20000000 * 1024, 40000000 * 1024, "/var/lib/docker")
    assert (seen.boot, seen.synchronized, seen.unattended) == (("enabled",), True, True)
    assert (seen.ahead, seen.firewalls) == (0.0, {"ufw": True, "firewalld": False})
    assert seen.logins == ("publickey",)


@pytest.mark.parametrize(
    ("told", "ahead"),
    [("1000", 0), ("1009", 0), ("999", 0), ("1031", 21.0), ("900", -99.0), ("soon", None), ("", None)],
)
def test_a_clock_is_ahead_only_by_what_the_way_there_does_not_explain(told: str, ahead: float | None) -> None:
    assert survey(f"time\t{told}\nend\t.\n", asked=1000, answered=1010).ahead == ahead


def test_what_was_cut_short_is_no_survey() -> None:
    with pytest.raises(ValueError, match="cut short"):
        survey(SAID.removesuffix("end\t.\n"), asked=0, answered=0)


def test_a_server_that_tells_nothing_is_all_unknown() -> None:
    found = {one.need.id: one.verdict.outcome.status for one in readiness.judge(survey("end\t.", asked=0, answered=0))}
    assert {name for name, status in found.items() if status is not Status.SKIP} == {
        "server.docker",
        "server.ports",
        "server.firewall",
    }


def test_the_script_runs_in_any_shell_and_comes_to_its_end(tmp_path: Path) -> None:
    # Nothing but a shell and the tools of POSIX: no Docker, no systemd, no ss
    for tool in ("date", "id", "uname", "awk", "df", "tail", "sed", "grep"):
        found = next(Path(folder) / tool for folder in ("/usr/bin", "/bin") if (Path(folder) / tool).exists())
        (tmp_path / tool).symlink_to(found)
    text = SCRIPT.read_text().replace("PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin", f"PATH={tmp_path}")
    done = subprocess.run(["/bin/sh", "-s"], input=text, env={}, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    seen = survey(done.stdout, asked=0, answered=0)
    assert seen.uid == str(os.getuid())
    assert (seen.docker, seen.engine) == ("", "")
    assert seen.memory
    assert seen.free


@pytest.mark.parametrize(
    ("said", "ways"),
    [
        ("root@shop: Permission denied (publickey,password).", ("publickey", "password")),
        ("Permission denied, please try again.\r\nroot@shop: Permission denied (publickey).", ("publickey",)),
        ("Connection closed by 203.0.113.7 port 22", ()),
    ],
)
def test_the_ways_in_are_what_the_server_names(said: str, ways: tuple[str, ...]) -> None:
    assert logins(said) == ways


# ------------------------------------------------------------------ what is judged

GOOD = Survey(
    user="root",
    uid="0",
    groups=("root",),
    arch="x86_64",
    system="debian",
    title="Debian 13",
    docker="/usr/bin/docker",
    engine="26.1.5",
    compose="2.26.1",
    init="systemd",
    boot=("enabled",),
    owners={},
    memory=4 * GB,
    available=3 * GB,
    swap=GB,
    free=20 * GB,
    disk=40 * GB,
    place="/var/lib/docker",
    ahead=0.0,
    synchronized=True,
    packages="apt",
    upgraders=("unattended-upgrade",),
    unattended=True,
    firewalls={"ufw": True},
    logins=("publickey",),
)
DEPLOY = {"user": "deploy", "uid": "1000", "groups": ("deploy",)}
TRAEFIK = Published("shop-traefik-1", "shop", ("80", "443"))


def test_of_a_good_server_nothing_is_said_but_that() -> None:
    found = readiness.judge(GOOD)
    assert {one.verdict.outcome.status for one in found} == {Status.PASS}
    assert [one.verdict.mend for one in found] == [""] * len(found)
    assert screen.text("shop", found, colour=False).endswith(screen.READY)


CASES: tuple[tuple[str, dict[str, Any], Status, str, str], ...] = (
    ("docker", {"docker": "", "engine": ""}, Status.FAIL, "no `docker` command", "get.docker.com | sh"),
    ("docker", {"docker": "", "engine": "", **DEPLOY}, Status.FAIL, "no `docker`", "get.docker.com | sudo sh"),
    ("docker", {"docker": "", "engine": "", "system": "alpine"}, Status.FAIL, "no `docker`", "docs.docker.com"),
    (
        "docker",
        {"engine": "", "refused": "permission denied while trying to connect", **DEPLOY},
        Status.FAIL,
        "deploy is in the groups deploy",
        "sudo usermod -aG docker deploy",
    ),
    ("docker", {"engine": "", "refused": "Cannot connect"}, Status.FAIL, "Cannot connect", "systemctl start docker"),
    ("docker", {"engine": "", "refused": "", "init": "openrc"}, Status.FAIL, "does not say", "rc-service docker start"),
    ("versions", {"engine": ""}, Status.SKIP, "does not answer", ""),
    ("versions", {"engine": "24.0.7"}, Status.FAIL, "24.0.7; needed: 25.0", "get.docker.com"),
    ("versions", {"compose": "v2.20.1"}, Status.FAIL, "v2.20.1; needed: 2.26", "get.docker.com"),
    ("versions", {"compose": "", "system": "alpine"}, Status.FAIL, "no Compose plug-in", "docs.docker.com"),
    ("boot", {"boot": ("disabled", "")}, Status.FAIL, "disabled", "systemctl enable docker"),
    ("boot", {"boot": ("disabled",), "init": "openrc", **DEPLOY}, Status.FAIL, "openrc", "sudo rc-update add docker"),
    ("boot", {"init": ""}, Status.SKIP, "cannot be told", ""),
    ("boot", {"boot": ()}, Status.SKIP, "no unit of Docker's", ""),
    ("boot", {"docker": ""}, Status.SKIP, "no Docker yet", ""),
    ("ports", {"listening": frozenset({80, 443}), "containers": (TRAEFIK,)}, Status.PASS, "shop-traefik-1", ""),
    (
        "ports",
        {"listening": frozenset({80}), "owners": {80: "nginx (process 812)"}},
        Status.FAIL,
        "port 80 is held by nginx (process 812)",
        "systemctl disable --now nginx",
    ),
    ("ports", {"listening": frozenset({443}), "init": ""}, Status.FAIL, "of another user", "service NAME stop"),
    ("memory", {"available": 300 * MB}, Status.FAIL, "needed: 400 MB", "ps -eo"),
    ("memory", {"available": 600 * MB}, Status.WARN, "little for a database", "ps -eo"),
    ("memory", {"available": 300 * MB, "containers": (TRAEFIK,)}, Status.PASS, "already counts", ""),
    ("memory", {"memory": None}, Status.SKIP, "cannot be told", ""),
    ("swap", {"swap": 0, "memory": GB}, Status.WARN, "no swap", "fallocate -l 2G /swapfile"),
    ("swap", {"swap": 0, "memory": GB, **DEPLOY}, Status.WARN, "no swap", "sudo sh -c"),
    ("swap", {"swap": 0}, Status.PASS, "no swap, and 4096 MB", ""),
    ("swap", {"swap": None}, Status.SKIP, "cannot be told", ""),
    ("disk", {"free": GB}, Status.FAIL, "needed: 2 GB", "docker system df"),
    ("disk", {"free": 5 * GB}, Status.WARN, "5.0 GB of 40.0 GB", "docker system df"),
    ("disk", {"free": None}, Status.SKIP, "cannot be told", ""),
    ("clock", {"ahead": 400.0}, Status.FAIL, "400 s ahead", "set-ntp true"),
    ("clock", {"ahead": -40.0, **DEPLOY}, Status.WARN, "40 s behind", "sudo timedatectl"),
    ("clock", {"synchronized": False}, Status.WARN, "nothing keeps it so", "set-ntp"),
    ("clock", {"synchronized": None, "ahead": None}, Status.SKIP, "did not tell", ""),
    ("upgrades", {"unattended": False}, Status.WARN, "switched off", "dpkg-reconfigure"),
    ("upgrades", {"upgraders": (), "unattended": None}, Status.WARN, "not installed", "apt-get install"),
    ("upgrades", {"packages": "dnf", "upgraders": ()}, Status.WARN, "does not run", "dnf install"),
    ("upgrades", {"packages": "dnf", "upgraders": ("dnf5-automatic.timer",)}, Status.PASS, "dnf5", ""),
    ("upgrades", {"packages": ""}, Status.SKIP, "Debian 13", ""),
    ("firewall", {"listening": frozenset({2375})}, Status.FAIL, "listens on port 2375", "tcp://"),
    (
        "firewall",
        {"containers": (TRAEFIK, Published("db-1", "db", ("5432",)))},
        Status.WARN,
        "db-1 publishes 5432 to everybody",
        "127.0.0.1",
    ),
    ("firewall", {"firewalls": {"ufw": False}, **DEPLOY}, Status.WARN, "no firewall", "sudo ufw enable"),
    ("firewall", {"firewalls": None, "packages": "dnf"}, Status.WARN, "no firewall", "firewalld"),
    ("passwords", {"logins": ("publickey", "password")}, Status.WARN, "publickey, password", "systemctl reload ssh "),
    ("passwords", {"logins": ("password",), "system": "fedora"}, Status.WARN, "password", "reload sshd "),
    ("passwords", {"logins": ()}, Status.SKIP, "did not say", ""),
)


@pytest.mark.parametrize(
    ("need", "changes", "status", "seen", "mend"), CASES, ids=[f"{one[0]}-{number}" for number, one in enumerate(CASES)]
)
def test_what_is_missing_is_named_with_the_command_that_mends_it(
    need: str, changes: dict[str, Any], status: Status, seen: str, mend: str
) -> None:
    met = next(one for one in readiness.judge(replace(GOOD, **changes)) if one.need.id == f"server.{need}")
    assert met.verdict.outcome.status is status
    assert seen in " ".join(met.verdict.outcome.seen)
    assert mend in met.verdict.mend
    assert bool(met.verdict.mend) == (status in {Status.FAIL, Status.WARN})


def test_every_need_is_seen_in_each_of_its_outcomes() -> None:
    named = {need for need, *_ in CASES}
    assert {one.need.id for one in readiness.judge(GOOD)} == {f"server.{name}" for name in named}


def test_what_is_missing_comes_last_with_its_command() -> None:
    found = readiness.judge(replace(GOOD, docker="", engine="", swap=0, memory=GB))
    lines = screen.text("shop", found, colour=False).splitlines()
    assert lines[0] == "shop"
    assert lines[-6].startswith("✗ server.docker")
    assert lines[-4].strip().startswith("→ curl")
    assert lines[-2:] == ["1 missing, before a stack can be brought up there", "1 to be made better"]
    assert "\x1b[31m✗" in screen.text("shop", found, colour=True)
    body = json.loads(json.dumps(screen.document("shop", found)))
    assert (body["ok"], body["findings"][0]["id"], body["findings"][0]["status"]) == (False, "server.docker", "fail")


# ------------------------------------------------------------------ addresses, and who does not let us in


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("deploy@203.0.113.7", "deploy@203.0.113.7"),
        (" shop ", "shop"),
        ("deploy@shop.example.com:2222", "ssh://deploy@shop.example.com:2222"),
        ("ssh://deploy@shop:2222", "ssh://deploy@shop:2222"),
        ("ssh://shop", "ssh://shop"),
        ("root@2001:db8::7", "root@2001:db8::7"),
        ("ssh://root@[2001:db8::7]:22", "ssh://root@[2001:db8::7]:22"),
        ("root@[::1]", "ssh://root@[::1]:22"),
    ],
)
def test_an_address_is_what_ssh_takes(text: str, address: str) -> None:
    assert places.address(text) == address


@pytest.mark.parametrize(
    "text",
    ["", "-oProxyCommand=id", "a b", "root@-x", "root@", "@shop", "shop:0", "shop:70000", "a;b", "http://shop", "x\ny"],
)
def test_what_ssh_would_take_for_something_else_is_refused(text: str) -> None:
    with pytest.raises(WrongInput):
        places.address(text)


@pytest.mark.parametrize(
    ("said", "message", "hint"),
    [
        (
            "@@@@@@@@\n@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.",
            "another host key",
            "ssh-keygen -R shop,",
        ),
        (
            "No ED25519 host key is known for shop and you have requested strict checking.",
            "is not known",
            "ssh deploy@shop",
        ),
        ("deploy@shop: Permission denied (publickey).", "does not let us in", "authorized_keys"),
        ("ssh: Could not resolve hostname shop: Name or service not known", "no host of the name", "~/.ssh/config"),
        ("ssh: connect to host shop port 22: Connection refused", "no SSH server listens", "console"),
        ("ssh: connect to host shop port 22: Connection timed out", "cannot be reached", "firewall"),
        ("/root/.ssh/config: line 1: Bad configuration option: x", "does not accept its configuration", "mend what"),
        ("kex_exchange_identification: Connection closed by remote host", "closed the connection", "journalctl"),
        ("something nobody has seen before", "ended with status 255", "ssh deploy@shop"),
    ],
)
def test_who_does_not_let_us_in_is_told_in_a_sentence(said: str, message: str, hint: str) -> None:
    error = refusals.error("deploy@shop", 255, said)
    assert message in error.message
    assert hint in error.hint
    assert error.evidence
    assert not any(set(line) <= {"@"} for line in error.evidence)
    assert error.exit_code is ExitCode.NOT_READY


def test_what_fails_over_there_is_not_taken_for_ssh() -> None:
    error = refusals.error("deploy@shop", 127, "sh: Permission denied (x)")
    assert error.message == "`ssh deploy@shop` ended with status 127"
