"""A site of which only the address is known, as a project: what the checks from outside judge."""

import re
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from . import routing
from .errors import WrongInput
from .project import ACME, APP, HTTPS_PORT, LOCAL, PROXY, Port, Project, Service

HTTP_PORT = 80
SCHEMES = ("https://", "http://")
NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
ROOTS = "/run/acme-root.pem"
EXAMPLE = "for example: stack check https://shop.example.com"


def is_address(text: str) -> bool:
    """Tell whether this is the address of a site, and no folder."""
    return text.lower().startswith(SCHEMES)


def project(address: str, *, roots: Path | None = None, authority: bool = False) -> Project:
    """Return what an address says of a site; WrongInput when it says something else.

    `roots` are the only authorities to believe; without them the system's, and on this machine itself our own if
    there is one. The port of an http address is that of plain HTTP, and HTTPS is at its usual one.
    """
    parts = _parts(address)
    host, given = _host(parts, address), _port(parts, address)
    secure = parts.scheme == "https"
    https = given or HTTPS_PORT if secure else HTTPS_PORT
    # Nobody knows what goes with an unusual port of HTTPS.
    plain = (HTTP_PORT if https == HTTPS_PORT else 0) if secure else given or HTTP_PORT
    # Not every system knows by itself what is below localhost.
    where = "localhost" if host.endswith(".localhost") else host
    traefik = Service(
        name=PROXY,
        image="",
        environment={
            "STACK_CERTIFICATES": LOCAL if authority and not roots and _here(host) else ACME,
            "TRAEFIK_ENTRYPOINTS_WEB_ADDRESS": f":{plain}",
            "TRAEFIK_ENTRYPOINTS_WEBSECURE_ADDRESS": f":{https}",
            **({"LEGO_CA_CERTIFICATES": ROOTS} if roots else {}),
        },
        ports=(Port(plain, plain, where), Port(https, https, where)),
        binds={ROOTS: roots} if roots else {},
    )
    labels = {"traefik.http.routers.site.rule": f"Host(`{host}`)", routing.PREFIX: parts.path.rstrip("/")}
    name = (f"[{host}]" if ":" in host else host) + (f":{given}" if given else "")
    return Project(name, Path(), (Service(name=APP, image="", labels=labels), traefik), known=False)


def in_dns(host: str) -> bool:
    """Tell whether DNS may know a host: a name, and not this machine's own."""
    return "." in host and not _here(host) and not _is_ip(host)


def _parts(address: str) -> SplitResult:
    try:
        parts = urlsplit(address)
    except ValueError as error:
        raise _refused(address, str(error)) from error
    if parts.username is not None or parts.password is not None:
        raise WrongInput("an address with a user name in it is not asked", hint=EXAMPLE)
    if parts.query or parts.fragment:
        raise _refused(address, "what follows `?` or `#` is no part of a site's address")
    if re.search(r"[^!-~]|[\"<>\\^`{|}]", parts.path):
        raise _refused(address, "its path has a character that has to be written as %…")
    return parts


def _host(parts: SplitResult, address: str) -> str:
    """Return the host in lower case, in ASCII: a name or an address of IPv4 or IPv6."""
    host = parts.hostname or ""
    if _is_ip(host):
        return str(ip_address(host))
    try:
        name = host.encode("idna").decode().lower().removesuffix(".")
    except UnicodeError:
        name = ""
    if not NAME.fullmatch(name):
        raise _refused(address, f"{host!r} is no host name" if host else "it names no host")
    return name


def _port(parts: SplitResult, address: str) -> int:
    """Return the port that an address names; 0 for none."""
    try:
        port = parts.port
    except ValueError as error:
        raise _refused(address, str(error)) from error
    if port == 0:
        raise _refused(address, "nothing listens on port 0")
    return port or 0


def _here(host: str) -> bool:
    """Tell whether a host is this machine itself (RFC 6761, section 6.3)."""
    if _is_ip(host):
        return ip_address(host).is_loopback
    return host == "localhost" or host.endswith(".localhost")


def _is_ip(host: str) -> bool:
    try:
        return bool(ip_address(host))
    except ValueError:
        return False


def _refused(address: str, why: str) -> WrongInput:
    return WrongInput(f"{address} cannot be checked: {why}", hint=EXAMPLE)
