"""What stands in .env, as far as it can be served."""

import re
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from .. import routing, server
from ..facts import Facts
from ..project import CERTIFICATES, CHALLENGES, CUSTOM, DNS, EXTERNAL, WILDCARD, Project
from .verdict import Outcome, judged

HOST = re.compile(r"localhost|([*][.])?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?[.])+[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
PREFIX = re.compile(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)*")
"""A path that no rule, no URL and no server reads in two ways (RFC 3986, section 2.3)."""
NUMBERS = {"STACK_HSTS_SECONDS": 9, "STACK_UPLOAD_MB": 6, "STACK_UPLOAD_SECONDS": 9}
"""What Traefik's files and entry point calculate with, and how many digits: any other text would stop them all."""
PORTS = 65535
ALONE = (
    "STACK_CERTIFICATES in .env is external, and compose.yaml includes no compose.external.yaml: another word there, or"
    " `stack update --data certificates=external`"
)
OVERRULED = (
    "STACK_CERTIFICATES in .env is {0}, and compose.external.yaml says external: `stack update --data certificates={0}`"
)
LOOPBACK = (
    "STACK_TRUSTED_PROXIES: {} never comes to a container: what stands in front on this server comes from Docker's"
    " networks, 172.16.0.0/12"
)
INSIDE = (
    "STACK_TRUSTED_PROXIES: {} holds networks of stacks behind this proxy, whose apps could claim any address. What"
    " stands in front on this server comes from one address: the gateway of the network 0-{}_edge"
)
DOCKERS = IPv4Network("172.16.0.0/12")
"""Where Docker takes the first networks from, by its default address pools."""
RESOLVER = re.compile(r"(?P<address>[^:\s]+|\[[0-9a-fA-F:]+\])(?::(?P<port>[0-9]{1,5}))?")


def settings(project: Project, facts: Facts) -> Outcome:
    """The settings in .env can be served.

    Compose takes any text: a wrong one would replace what runs by something that does not. Correct .env: STACK_DOMAIN a
    bare host name, STACK_CERTIFICATES and STACK_CHALLENGE one of the words beside them, STACK_WORKERS a number, two
    different ports, one replica of an app that writes into a volume. Behind a shared proxy the app's
    STACK_TRUSTED_PROXIES has whatever the proxy's has.
    """
    wrong = [f"{host!r} is no host name" for host in project.canonical if not HOST.fullmatch(host)]
    if project.http_port == project.https_port and not project.external:
        wrong.append(f"port {project.http_port} cannot serve both HTTP and HTTPS")
    wrong += [f"{name} is {value!r}, which is no whole number" for name, value in _no_numbers(project)]
    wrong += [f"STACK_ADDRESSES: {one!r} is no address" for one in project.addresses if "/" in one or not _network(one)]
    wrong += [f"STACK_DNS_RESOLVERS: {one!r} is no address" for one in project.name_servers if not _resolver(one)]
    wrong += _proxies(project, facts)
    wrong += _certificates(project, facts)
    wrong += [] if project.is_proxy else [*_routes(project), *_app(project), *_strangers(project)]
    return judged(wrong, (*project.hosts, f"certificates: {project.certificates}"))


def _routes(project: Project) -> list[str]:
    """Return what is wrong with the path, and with the names that redirect; a comma too many makes one without text."""
    prefix, names = (project.app.labels.get(label, "") for label in (routing.PREFIX, routing.OTHERS))
    further = [name for name in map(str.lower, _listed(names)) if name not in project.canonical]
    wrong = [f"STACK_HOSTS: {name!r} is no host name" for name in further if not HOST.fullmatch(name)]
    wrong += [f"STACK_HOSTS: {name} is every name below one, which have to be named" for name in _wild(project.others)]
    if project.others and (wild := _wild(project.canonical)):
        wrong.append(f"STACK_HOSTS: a redirect leads to one name, and STACK_DOMAIN is {wild[0]}")
    if not PREFIX.fullmatch(prefix):
        wrong.append(
            f"STACK_PATH_PREFIX is {prefix!r}, and no path like /api or /api/v2: letters, digits and ._~-, no slash at"
            " its end"
        )
    return wrong


def _listed(names: str) -> list[str]:
    return [name.strip() for name in names.split(",")] if names else []


def _wild(names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(WILDCARD)]


def _app(project: Project) -> list[str]:
    """Return what is wrong with how the app is run."""
    wrong = []
    workers = server.option(project.app.command, "workers")
    if workers is not None and not (workers.isdigit() and int(workers) > 0):
        wrong.append(f"{workers!r} is no number of workers")
    if project.app.replicas > 1 and project.app.volumes:
        shared = ", ".join(project.app.volumes)
        wrong.append(f"{project.app.replicas} replicas would write to {shared}, which is safe for one only")
    return wrong


def _strangers(project: Project) -> list[str]:
    """Return whom the shared proxy believes and the app behind it does not: it would take them for the client."""
    trust = server.trust(project.app.command, project.app.environment) if server.name(project.app.command) else None
    if not project.joins or trust is None or trust.everybody:
        return []
    believed = [network for one in trust.hosts.split(",") if (network := _network(one.strip()))]
    return [
        f"STACK_TRUSTED_PROXIES: the proxy in {project.serving.directory} believes {given}, and the app believes"
        f" {trust.hosts} only"
        for one in _listed(project.trusted_proxies)
        if (given := _network(one)) and not any(_within(given, network) for network in believed)
    ]


def _within(given: IPv4Network | IPv6Network, network: IPv4Network | IPv6Network) -> bool:
    """Tell whether a network has every address of another; none of one version has those of the other."""
    return given.version == network.version and given.subnet_of(network)  # type: ignore[arg-type]


def _no_numbers(project: Project) -> list[tuple[str, str]]:
    """Return the settings of Traefik that are to be numbers, or nothing, and are not."""
    environment = project.proxy.environment
    found = [(name, environment.get(name, ""), digits) for name, digits in NUMBERS.items()]
    return [(name, value) for name, value, digits in found if value and not _is_number(value, digits)]


def _is_number(value: str, digits: int) -> bool:
    """Tell whether every reader takes it for the same whole number: YAML reads 0300 as an octal one."""
    return value.isascii() and value.isdigit() and len(value) <= digits and value == str(int(value))


def _proxies(project: Project, facts: Facts) -> list[str]:
    """Return what is wrong with whom Traefik believes."""
    given = {one: _network(one) for one in _listed(project.trusted_proxies) if one}
    known = {one: network for one, network in given.items() if network}
    return [
        *(f"STACK_TRUSTED_PROXIES: {one!r} is neither an address nor a network" for one in given if one not in known),
        *(LOOPBACK.format(one) for one, network in known.items() if network.is_loopback),
        *(
            f"STACK_TRUSTED_PROXIES: {one} is everybody, who could claim any address"
            for one, network in known.items()
            if not network.prefixlen
        ),
        *(
            INSIDE.format(one, project.serving.name)
            for one, network in known.items()
            if _holds_stacks(network, project, facts)
        ),
    ]


def _holds_stacks(network: IPv4Network | IPv6Network, project: Project, facts: Facts) -> bool:
    """Tell whether apps behind a shared proxy come to it from a network: every stack's own is one of Docker's."""
    if not (project.is_proxy or project.joins) or network.prefixlen == network.max_prefixlen:
        return False
    places = [one.addresses for one in facts.of(project.proxy.name)]
    ours = {
        ip_address(at) for found in places for name, at in found.items() if name != f"0-{project.serving.name}_edge"
    }
    return any(at in network for at in ours) or _within(DOCKERS, network) or _within(network, DOCKERS)


def _resolver(text: str) -> bool:
    """Tell whether a text names a server to ask: an address, with `:port` if it is not 53."""
    found = RESOLVER.fullmatch(text)
    plain = found["address"].strip("[]") if found else text
    return _network(plain) is not None and "/" not in text and int((found and found["port"]) or 53) <= PORTS


def _network(text: str) -> IPv4Network | IPv6Network | None:
    """Return the network, or the one address, that a text names; None when it names neither."""
    try:
        return ip_network(text)
    except ValueError:
        return None


def _certificates(project: Project, facts: Facts) -> list[str]:
    """Return what is wrong with where certificates come from."""
    if project.certificates not in CERTIFICATES:
        return [f"{project.certificates!r} is no word for STACK_CERTIFICATES: {', '.join(CERTIFICATES)}"]
    if project.external:
        return _front(project, facts)
    if not project.ordered:
        return []
    wrong = []
    if project.challenge not in CHALLENGES:
        wrong.append(f"{project.challenge!r} is no word for STACK_CHALLENGE: {', '.join(CHALLENGES)}")
    if project.challenge == DNS and not project.proxy.environment.get("STACK_DNS_PROVIDER"):
        wrong.append("STACK_CHALLENGE is dns, and STACK_DNS_PROVIDER names no provider")
    if project.certificates == CUSTOM and not project.acme_directory.startswith("https://"):
        wrong.append("STACK_CERTIFICATES is custom, and STACK_ACME_DIRECTORY is no https address of an authority")
    wild = _wild(project.hosts)
    if wild and project.challenge != DNS:
        wrong.append(
            f"a certificate for {wild[0]} takes STACK_CHALLENGE=dns: no other challenge proves all names below"
        )
    return wrong


def _front(project: Project, facts: Facts) -> list[str]:
    """Return what is wrong where something in front speaks HTTPS: two files decide that, and .env has to agree."""
    if "TRAEFIK_ENTRYPOINTS_WEBSECURE_ADDRESS" in project.proxy.environment:
        return [ALONE]
    # A stack that joins may have a line from before, which nobody reads.
    if not project.joins and (said := facts.settings.get("STACK_CERTIFICATES", EXTERNAL)) != EXTERNAL:
        return [OVERRULED.format(said)]
    nobody = "STACK_TRUSTED_PROXIES names nobody, so that nobody may say that a request came over HTTPS"
    return [] if project.trusted_proxies else [nobody]
