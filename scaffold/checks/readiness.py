"""What a server needs before a stack can serve from it, in the order in which one mends it, each with the command."""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import getdoc

from ..facts import release
from ..facts.survey import PASSWORDS, Published, Survey
from .host import OLDEST_COMPOSE, OLDEST_ENGINE
from .signing import SKEW_FAIL, SKEW_WARN
from .verdict import Outcome, Status, failed, judged, passed, skipped, warned

GB, MB = 1024**3, 1024**2
LITTLE, ENOUGH = 400 * MB, 900 * MB
"""Memory that Traefik, one worker and a build need, and that a database next to them needs, too."""
ROOMY = 4 * GB
"""With so much memory a build does not come to the end of it."""
TIGHT, SPACE = 2 * GB, 6 * GB
"""Disk that the images of a stack take, and that five versions of the app and the data take in time."""
WEB = (80, 443)
ENGINE_PORTS = (2375, 2376)
"""Where an engine is reached over TCP: dockerd(8)."""
INSTALLERS = {"debian", "ubuntu", "raspbian", "fedora", "centos", "rhel"}
"""The systems that Docker's own installation script knows."""
INSTALL = "curl -fsSL https://get.docker.com | {sudo}sh"
BY_HAND = "https://docs.docker.com/engine/install/ tells how Docker is installed there"
NOT_ASKED = "Docker does not answer"


@dataclass(frozen=True)
class Verdict:
    """What was found, and the command that mends it, to be typed on the server."""

    outcome: Outcome
    mend: str = ""


@dataclass(frozen=True)
class Need:
    """Something that a server has to have, or should have."""

    id: str
    judge: Callable[[Survey], Verdict]

    @property
    def promise(self) -> str:
        """The first line of its docstring."""
        return (getdoc(self.judge) or "").partition("\n")[0]


@dataclass(frozen=True)
class Met:
    """What one look says of one need."""

    need: Need
    verdict: Verdict

    @property
    def missing(self) -> bool:
        """Whether nothing can be brought up like this."""
        return self.verdict.outcome.status is Status.FAIL


def judge(seen: Survey) -> tuple[Met, ...]:
    """Judge a server by what was seen of it, in order."""
    return tuple(Met(need, need.judge(seen)) for need in NEEDS)


# ------------------------------------------------------------------ Docker


def docker(seen: Survey) -> Verdict:
    """Docker is there, and this user may use it.

    Everything runs in its containers. Whoever may use it can become root on this server: no other user needs to.
    """
    if not seen.docker:
        known = INSTALLERS & {seen.system, *seen.like}
        return Verdict(failed("there is no `docker` command"), INSTALL.format(sudo=_sudo(seen)) if known else BY_HAND)
    if seen.engine:
        return Verdict(passed(f"Docker Engine {seen.engine}"))
    if "permission denied" in seen.refused.lower():
        return Verdict(
            failed(seen.refused, f"{seen.user} is in the groups {', '.join(seen.groups)}"),
            f"sudo usermod -aG docker {seen.user}   (and log in anew)",
        )
    start = {"systemd": "systemctl start docker", "openrc": "rc-service docker start"}
    return Verdict(failed(seen.refused or "it does not say why"), _as_root(seen, start.get(seen.init, "dockerd")))


def versions(seen: Survey) -> Verdict:
    """Docker Engine and Compose are new enough.

    Older ones lack what the Compose files use.
    """
    if not seen.engine:
        return Verdict(skipped(NOT_ASKED))
    wrong = [] if seen.compose else ["the `docker` command has no Compose plug-in"]
    wrong += _older("Docker Engine", seen.engine, OLDEST_ENGINE)
    wrong += _older("Compose", seen.compose, OLDEST_COMPOSE) if seen.compose else []
    known = INSTALLERS & {seen.system, *seen.like}
    mend = INSTALL.format(sudo=_sudo(seen)) if known else BY_HAND
    return Verdict(judged(wrong, (f"Engine {seen.engine}", f"Compose {seen.compose}")), mend if wrong else "")


def _older(what: str, version: str, oldest: tuple[int, int]) -> list[str]:
    return [f"{what} {version}; needed: {oldest[0]}.{oldest[1]}"] if release(version) < oldest else []


def boot(seen: Survey) -> Verdict:
    """Docker starts when the server does.

    Otherwise the site stays away after the provider's next maintenance, until somebody notices.
    """
    if not seen.docker:
        return Verdict(skipped("there is no Docker yet"))
    if not seen.init:
        return Verdict(skipped("which init system starts things there cannot be told"))
    if "enabled" in seen.boot:
        return Verdict(passed(f"{seen.init} starts it"))
    if not seen.boot:
        return Verdict(skipped(f"{seen.init} knows no unit of Docker's; who starts it cannot be told"))
    enable = "systemctl enable docker" if seen.init == "systemd" else "rc-update add docker default"
    return Verdict(failed(f"{seen.init} does not start it: {seen.boot[0]}"), _as_root(seen, enable))


# ------------------------------------------------------------------ room


def ports(seen: Survey) -> Verdict:
    """Ports 80 and 443 are free, or a stack's own.

    Visitors and certificate authorities come there; two servers cannot share one.
    """
    held = {port: one for one in seen.containers for port in WEB if str(port) in one.ports}
    foreign = [port for port in WEB if port in seen.listening and port not in held]
    if foreign:
        owners = seen.owners or {}
        said = [f"port {port} is held by {owners.get(port, 'a process of another user')}" for port in foreign]
        who = next((owners[port].partition(" ")[0] for port in foreign if port in owners), "NAME")
        stop = f"systemctl disable --now {who}" if seen.init == "systemd" else f"service {who} stop"
        return Verdict(failed(*said), _as_root(seen, stop))
    there = [f"port {port}: {one.container}" for port, one in held.items()]
    return Verdict(passed(*(there or ("nobody listens there",))))


def memory(seen: Survey) -> Verdict:
    """There is memory for the stack.

    When it is used up, the kernel ends a process, most often the database or the app.
    """
    if seen.memory is None or seen.available is None:
        return Verdict(skipped("how much there is cannot be told"))
    said = f"{seen.available // MB} MB of {seen.memory // MB} MB are free"
    if seen.containers:
        return Verdict(passed(f"{said}; what runs already counts"))
    who = "ps -eo rss,args --sort -rss | head   (what takes it)"
    if seen.available < LITTLE:
        return Verdict(failed(said, f"needed: {LITTLE // MB} MB"), who)
    if seen.available < ENOUGH:
        return Verdict(warned(said, "little for a database beside the app"), who)
    return Verdict(passed(said))


def swap(seen: Survey) -> Verdict:
    """A moment of too much memory slows the server down, and ends nothing.

    A build beside what serves is such a moment.
    """
    if seen.swap is None or seen.memory is None:
        return Verdict(skipped("how much there is cannot be told"))
    if seen.swap:
        return Verdict(passed(f"{seen.swap // MB} MB of swap"))
    if seen.memory >= ROOMY:
        return Verdict(passed(f"no swap, and {seen.memory // MB} MB of memory"))
    words = "fallocate -l 2G /swapfile && chmod 600 /swapfile && mkswap /swapfile && swapon /swapfile"
    keep = "echo '/swapfile none swap sw 0 0' >> /etc/fstab"
    mend = f"{words} && {keep}" if seen.root else f'sudo sh -c "{words} && {keep}"'
    return Verdict(warned(f"no swap, and {seen.memory // MB} MB of memory"), mend)


def disk(seen: Survey) -> Verdict:
    """There is disk for images and data.

    On a full disk builds fail, the database stops, and certificates are not kept.
    """
    if seen.free is None or seen.disk is None:
        return Verdict(skipped("how much is free cannot be told"))
    said = f"{seen.free / GB:.1f} GB of {seen.disk / GB:.1f} GB are free below {seen.place}"
    mend = (
        "docker system df   (what Docker keeps; `docker builder prune` and `docker image prune` remove what is unused)"
    )
    if seen.free < TIGHT:
        return Verdict(failed(said, f"needed: {TIGHT // GB} GB"), mend)
    return Verdict(warned(said), mend) if seen.free < SPACE else Verdict(passed(said))


# ------------------------------------------------------------------ clock, updates


def clock(seen: Survey) -> Verdict:
    """The clock is right, and kept so.

    With a wrong one, certificates seem expired or not yet valid, and authorities refuse orders.
    """
    mend = _as_root(seen, "timedatectl set-ntp true")
    if seen.ahead is not None and abs(seen.ahead) > SKEW_WARN.total_seconds():
        said = f"it is {abs(seen.ahead):.0f} s {'ahead of' if seen.ahead > 0 else 'behind'} the clock here"
        return Verdict((failed if abs(seen.ahead) > SKEW_FAIL.total_seconds() else warned)(said), mend)
    if seen.synchronized is False:
        return Verdict(warned("as the clock here, but nothing keeps it so"), mend)
    if seen.ahead is None:
        return Verdict(skipped("it did not tell the time"))
    kept = "" if seen.synchronized is None else ", and it is kept so"
    return Verdict(passed(f"as the clock here{kept}"))


def upgrades(seen: Survey) -> Verdict:
    """Security updates are installed by themselves.

    What faces the internet is attacked within days of a published flaw; nobody logs in that often.
    """
    if seen.packages == "apt":
        if seen.unattended and seen.upgraders:
            return Verdict(passed("unattended-upgrades"))
        install = "apt-get install -y unattended-upgrades"
        switch = "dpkg-reconfigure -f noninteractive unattended-upgrades"
        mend = f"{_sudo(seen)}{install} && {_sudo(seen)}{switch}"
        why = "it is there, and switched off" if seen.upgraders else "unattended-upgrades is not installed"
        return Verdict(warned(why), mend)
    if seen.packages == "dnf":
        if seen.upgraders:
            return Verdict(passed(", ".join(seen.upgraders)))
        mend = f"{_sudo(seen)}dnf install -y dnf-automatic && {_sudo(seen)}systemctl enable --now dnf-automatic.timer"
        return Verdict(warned("dnf-automatic does not run"), mend)
    return Verdict(skipped(f"how {seen.title or 'this system'} keeps itself up to date is not known here"))


# ------------------------------------------------------------------ who gets in


def firewall(seen: Survey) -> Verdict:
    """Only what is meant for everybody can be reached.

    A firewall such as ufw does not see what Docker publishes: Docker's own rules come first. So a database that some
    container publishes is open to the internet, whatever `ufw status` says.
    """
    open_engine = [f"the Docker Engine listens on port {port}" for port in ENGINE_PORTS if port in seen.listening]
    if open_engine:
        return Verdict(
            failed(
                *open_engine, "who reaches it is root on this server, unless TLS with client certificates guards it"
            ),
            "grep -rn 'tcp://' /etc/docker/daemon.json /etc/systemd/system/docker.service.d   (where it is told to)",
        )
    past = [
        f"{one.container} publishes {', '.join(more)} to everybody" for one in seen.containers if (more := _more(one))
    ]
    if past:
        return Verdict(
            warned(*past, "no firewall on this server sees that"),
            "publish it on 127.0.0.1 only: `127.0.0.1:PORT:PORT` in its Compose file",
        )
    active = [name for name, is_on in (seen.firewalls or {}).items() if is_on]
    if active:
        return Verdict(passed(f"{', '.join(active)}; what Docker publishes goes past it, and is only Traefik's"))
    switch = ("systemctl enable --now firewalld",) if seen.packages == "dnf" else ("ufw allow OpenSSH", "ufw enable")
    mend = " && ".join(_as_root(seen, word) for word in switch)
    return Verdict(warned("no firewall is active here that can be seen; the provider's may be in front"), mend)


def _more(one: Published) -> list[str]:
    return [port for port in one.ports if port not in map(str, WEB)]


def passwords(seen: Survey) -> Verdict:
    """Nobody logs in with a password.

    Passwords are guessed all day long on every server there is; keys are not.
    """
    if not seen.logins:
        return Verdict(skipped("its SSH server did not say how one may log in"))
    asked = [one for one in seen.logins if one in PASSWORDS]
    if not asked:
        return Verdict(passed(f"by {', '.join(seen.logins)} only"))
    line = r"PasswordAuthentication no\nKbdInteractiveAuthentication no\n"
    place = "/etc/ssh/sshd_config.d/00-keys-only.conf"
    unit = "ssh" if seen.debian else "sshd"
    mend = f"printf '{line}' | {_sudo(seen)}tee {place} && {_sudo(seen)}systemctl reload {unit}"
    return Verdict(
        warned(f"its SSH server takes {', '.join(seen.logins)}"), f"{mend}   (after you have seen a key work)"
    )


def _sudo(seen: Survey) -> str:
    return "" if seen.root else "sudo "


def _as_root(seen: Survey, command: str) -> str:
    return f"{_sudo(seen)}{command}"


NEEDS = (
    Need("server.docker", docker),
    Need("server.versions", versions),
    Need("server.boot", boot),
    Need("server.ports", ports),
    Need("server.memory", memory),
    Need("server.swap", swap),
    Need("server.disk", disk),
    Need("server.clock", clock),
    Need("server.upgrades", upgrades),
    Need("server.firewall", firewall),
    Need("server.passwords", passwords),
)
