"""What is wanted: the stack as `docker compose config` describes it. Answers play no part after `stack new`."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from . import routing
from .errors import NotReady, WrongInput

APP = "app"
PROXY = "traefik"
SOCKET_PROXY = "socket-proxy"
POSTGRES = "postgres"
REDIS = "redis"
STORES = (POSTGRES, REDIS)
"""Services that keep data for the app."""
COMPOSE_FILES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
"""What Compose takes for a project's file."""
SECRETS = Path("secrets")
"""The folder of secret files in a project."""
LEAVES = SECRETS / "tls"
"""The folder of certificates in a project."""
NO_APP = ("compose.static.yaml", "compose.joiner.yaml")
"""Files of projects that have no app of their own: a built front end, and a shared proxy."""
JOINS = "compose.shared.yaml"
"""The file of a project that has no Traefik of its own."""
RELOAD = Path("traefik/reload.yaml")
"""Traefik reads its dynamic files again when this one is touched."""
SETTINGS = "app.env"
"""The secret file with the app's own settings."""
PROXY_SETTINGS = "traefik.env"
"""The secret file with what Traefik alone may know, such as the variables of the DNS provider."""
DEMANDED = re.compile(r"(?<!\$)\$\{(STACK_\w+):?\?")
"""A setting without which Compose refuses to read a file; a doubled dollar sign is none."""
SETTING = re.compile(r"^\s*(?:export\s+)?(\w+)\s*=.*$", re.MULTILINE)
ACME, STAGING, CUSTOM = "acme", "staging", "custom"
LOCAL, FILES, EXTERNAL = "local", "files", "external"
CERTIFICATES = (ACME, STAGING, CUSTOM, LOCAL, FILES, EXTERNAL)
"""Where certificates come from, as STACK_CERTIFICATES says."""
HTTP, TLS_ALPN, DNS = "http", "tls-alpn", "dns"
CHALLENGES = (HTTP, TLS_ALPN, DNS)
"""How an ACME authority is convinced, as STACK_CHALLENGE says (RFC 8555, section 8; RFC 8737)."""
DIRECTORIES: Mapping[str, str] = {
    ACME: "https://acme-v02.api.letsencrypt.org/directory",
    STAGING: "https://acme-staging-v02.api.letsencrypt.org/directory",
}
"""The directories of Let's Encrypt (https://letsencrypt.org/docs/staging-environment/)."""
WILDCARD = "*."
HTTPS_PORT = 443
"""The port that an https address means when it names none."""
DRAIN_SECONDS = 2.0
"""The default of STACK_DRAIN_SECONDS: what is under way to a container that was just taken out arrives within it."""
EVERYWHERE = {"", "0.0.0.0", "::"}  # noqa: S104 - what Compose writes, not what we bind


@dataclass(frozen=True)
class Port:
    """One published port."""

    published: int
    target: int
    host_ip: str = ""


@dataclass(frozen=True)
class Build:
    """How a service's image is built."""

    context: Path
    dockerfile: str
    args: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Service:
    """One service as the Compose files want it."""

    name: str
    image: str
    hash: str = ""
    """Compose's own hash of the definition; a container carries the one it was made from in a label."""
    build: Build | None = None
    entrypoint: tuple[str, ...] = ()
    """The one of the Compose files; without one, the image has its own."""
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[Port, ...] = ()
    binds: Mapping[str, Path] = field(default_factory=dict)
    """Files and folders of the host that are mounted, secrets among them, by their place in the container."""
    written: frozenset[str] = frozenset()
    """Those of these places that the container may write to."""
    volumes: Mapping[str, str] = field(default_factory=dict)
    """Real names of volumes, which outlive containers, by where they are mounted."""
    replicas: int = 1
    needs: tuple[str, ...] = ()
    """Services that have to be there before it starts."""
    one_shot: bool = False
    """Whether it runs to its end, and others wait for that."""
    memory: int = 0
    """Most bytes of memory that each of its containers may take; 0 without a limit."""
    pids: int = 0
    """Most processes and threads that each of its containers may have; 0 without a limit."""
    user: str = ""
    """User and group, as the files name them; empty for the image's own."""
    grace: float = 10
    """Seconds that a container has to end by itself when it is told to; 10 are Docker's default."""
    container_name: str = ""
    """The name that its one container has to have; empty where Compose finds names."""
    healthcheck: tuple[str, ...] = ()
    """What asks a container whether it is well, as the files have it; empty for what the image has, and for nothing."""

    @property
    def first_day(self) -> tuple[str, ...]:
        """The places of what matters when a volume is filled, and never again.

        The official image's, by docker-library/postgres at 6edb0a8c, docker-entrypoint.sh.
        """
        password = self.environment.get("POSTGRES_PASSWORD_FILE", "")
        return (*((password,) if password else ()), "/docker-entrypoint-initdb.d")

    @property
    def reads(self) -> tuple[Path, ...]:
        """The files and folders that it reads whenever it starts, and does not write."""
        return tuple(
            path
            for place, path in self.binds.items()
            if place not in self.written and not any(PurePosixPath(place).is_relative_to(one) for one in self.first_day)
        )

    @property
    def mount_points(self) -> tuple[Path, ...]:
        """Folders of the host where a volume is mounted inside what is bound; Docker cannot make them read-only."""
        found = []
        for target in map(Path, self.volumes):
            around = [bound for bound in map(Path, self.binds) if bound in target.parents]
            if around:
                bound = max(around, key=lambda path: len(path.parts))
                found.append(self.binds[str(bound)] / target.relative_to(bound))
        return tuple(found)


@dataclass(frozen=True)
class Project:
    """The stack that the files describe."""

    name: str
    directory: Path
    services: tuple[Service, ...]
    extra: Mapping[str, str] = field(default_factory=dict)
    """`x-stack` of compose.yaml: what only `stack` reads."""
    front: "Project | None" = None
    """The project of the shared proxy that this one joins; None without one, and while none is there."""
    known: bool = True
    """Whether there are files that describe it; else somebody has given its address, and no more."""

    def find(self, name: str) -> Service | None:
        """Return a service by name; None when the files have none."""
        return next((service for service in self.services if service.name == name), None)

    def service(self, name: str) -> Service:
        """Return a service by name; WrongInput when the files have none."""
        if found := self.find(name):
            return found
        raise WrongInput(
            f"the Compose files in {self.directory} have no service `{name}`",
            hint="`stack` works in a folder that `stack new` or the template made",
        )

    @property
    def app(self) -> Service:
        """The FastAPI container."""
        return self.service(APP)

    @property
    def is_proxy(self) -> bool:
        """Whether it is a shared proxy: Traefik, and no app of its own."""
        return self.find(APP) is None and self.find(PROXY) is not None

    @property
    def joins(self) -> str:
        """The name of the project whose Traefik serves this one; empty with a Traefik of its own."""
        app = self.find(APP)
        name = app.labels.get(routing.PROXY, "") if app else ""
        return "" if name == self.name else name

    @property
    def serving(self) -> "Project":
        """The project whose Traefik serves this one: itself or the shared proxy's; NotReady while that is not there."""
        if not self.joins:
            return self
        if self.front is None:
            raise NotReady(
                f"there is no shared proxy named {self.joins!r} on this server, and {self.name} joins it",
                hint=f"`stack up` in its folder; `stack new ../{self.joins} --data kind=proxy` makes one;"
                " STACK_PROXY in .env names it",
            )
        return self.front

    @property
    def proxy(self) -> Service:
        """Traefik: its own, or the shared proxy's; NotReady while that is not there."""
        return self.serving.service(PROXY)

    @property
    def leaf(self) -> str:
        """What the files of its local certificate are called, in the folder of the project that serves it."""
        return self.name if self.joins else LOCAL

    @property
    def is_static(self) -> bool:
        """Whether it is a built front end, and no app of Python's."""
        app = self.find(APP)
        return app is not None and app.entrypoint[:1] == ("nginx",)

    @property
    def stores(self) -> tuple[Service, ...]:
        """The data services that this stack has."""
        return tuple(service for service in self.services if service.name in STORES)

    @property
    def database(self) -> Service | None:
        """PostgreSQL, if this stack has it."""
        return self.find(POSTGRES)

    @property
    def secrets(self) -> tuple[Path, ...]:
        """The secret files that are made when they are missing: passwords of stores, and the app's own settings."""
        mounted = {path for service in self.services for path in service.binds.values()}
        made = {self.directory / SECRETS / name for name in (SETTINGS, PROXY_SETTINGS, *map(password_file, STORES))}
        return tuple(sorted(mounted & made))

    def password(self, store: str) -> Path:
        """Return the file that a data service has its password from; WrongInput when it has none."""
        place = f"/run/secrets/{password_file(store)}"
        if place not in self.service(store).binds:
            raise WrongInput(f"{store} in {self.directory} has no secret {password_file(store)}")
        return self.service(store).binds[place]

    @property
    def canonical(self) -> tuple[str, ...]:
        """The names that the app's routers answer to, in the order of the files; none of a shared proxy.

        WrongInput when an app's routers name none.
        """
        if self.is_proxy:
            return ()
        if not (named := routing.canonical(self.app.labels)):
            raise WrongInput(
                f"no router of the service `{APP}` names a host, so nothing can be served or checked",
                hint="a label such as traefik.http.routers.shop-app.rule=Host(`shop.example.com`)",
            )
        return named

    @property
    def others(self) -> tuple[str, ...]:
        """The names that redirect to the canonical one."""
        return () if self.is_proxy else routing.others(self.app.labels)

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every name that is served, and needs a certificate: the canonical ones first."""
        return (*self.canonical, *self.others)

    @property
    def prefix(self) -> str:
        """The path below which the app is served, such as /api; empty for all of its hosts."""
        return "" if self.is_proxy else routing.prefix(self.app.labels)

    @property
    def routes(self) -> tuple[routing.Route, ...]:
        """What it claims on its proxy."""
        return () if self.is_proxy else routing.routes(self.app.labels)

    @property
    def http_port(self) -> int:
        """The published port that redirects to HTTPS; 0 where none is known."""
        return _entry_point(self.proxy, "WEB")

    @property
    def https_port(self) -> int:
        """The port that visitors come to with HTTPS: published here, or where something in front speaks it."""
        return HTTPS_PORT if self.external else _entry_point(self.proxy, "WEBSECURE")

    @property
    def external(self) -> bool:
        """Whether something in front of this server speaks HTTPS, and Traefik plain HTTP."""
        return self.certificates == EXTERNAL

    @property
    def certificates(self) -> str:
        """Where certificates come from: one of CERTIFICATES, or whatever stands in .env instead."""
        return self.proxy.environment.get("STACK_CERTIFICATES", "")

    @property
    def ordered(self) -> bool:
        """Whether Traefik orders certificates from an ACME authority."""
        return self.certificates in {ACME, STAGING, CUSTOM}

    @property
    def challenge(self) -> str:
        """How the authority is convinced: one of CHALLENGES, or whatever stands in .env instead."""
        return self.proxy.environment.get("STACK_CHALLENGE", "") or HTTP

    @property
    def acme_directory(self) -> str:
        """The directory address of the authority that is wanted; empty without one."""
        chosen = self.proxy.environment.get("STACK_ACME_DIRECTORY", "") if self.certificates == CUSTOM else ""
        return DIRECTORIES.get(self.certificates, chosen)

    @property
    def trusted_proxies(self) -> str:
        """Whose forwarded headers Traefik believes: addresses and networks with commas between; empty for nobody's."""
        entry_point = "WEB" if self.external else "WEBSECURE"
        return self.proxy.environment.get(f"TRAEFIK_ENTRYPOINTS_{entry_point}_FORWARDEDHEADERS_TRUSTEDIPS", "")

    @property
    def acme_storage(self) -> str:
        """The file in Traefik's container that certificates of the wanted authority lie in: traefik/entrypoint.sh."""
        if self.certificates != CUSTOM:
            return f"/tmp/{self.certificates}.json"  # noqa: S108 - a volume of Traefik's own
        return f"/tmp/custom-{re.sub('[^A-Za-z0-9]+', '-', self.acme_directory)}.json"  # noqa: S108

    @property
    def rehearsal_directory(self) -> str:
        """The directory address of the authority to try an order with first; empty where there is none."""
        usual = DIRECTORIES[STAGING] if self.certificates == ACME else ""
        return self.serving.extra.get("acme_rehearsal", "") or usual

    @property
    def roots(self) -> Path | None:
        """The PEM file with the roots of a private authority; None for a public one."""
        inside = self.proxy.environment.get("LEGO_CA_CERTIFICATES", "")
        return self.proxy.binds.get(inside) if self.ordered or self.certificates == FILES else None

    @property
    def name_servers(self) -> tuple[str, ...]:
        """The public resolvers that are asked about the project's names: addresses, each with `:port` if not 53."""
        return tuple(self.serving.extra.get("resolvers", "").replace(",", " ").split())

    @property
    def addresses(self) -> tuple[str, ...]:
        """The server's public addresses, where its own interfaces do not show them; else none."""
        return tuple(self.serving.extra.get("addresses", "").replace(",", " ").split())

    @property
    def drain_seconds(self) -> float:
        """How long a container of the app goes on when Traefik sends it nothing any more, before it is told to end."""
        said = self.extra.get("drain_seconds", "")
        return float(said) if said.replace(".", "", 1).isdecimal() else DRAIN_SECONDS

    @property
    def edge(self) -> str:
        """Real name of the network that Traefik and the app share."""
        chosen = self.app.labels.get("traefik.docker.network", "")
        return chosen or self.proxy.environment.get("TRAEFIK_PROVIDERS_DOCKER_NETWORK", f"{self.name}_edge")

    @property
    def address(self) -> str:
        """Where on this machine the app is published."""
        served = self.http_port if self.external else self.https_port
        ips = [port.host_ip for port in self.proxy.ports if port.published == served]
        return ips[0] if ips and ips[0] not in EVERYWHERE else "127.0.0.1"

    @property
    def everywhere(self) -> bool:
        """Whether the app is published for others than this machine, too."""
        served = self.http_port if self.external else self.https_port
        return any(port.published == served and port.host_ip in EVERYWHERE for port in self.proxy.ports)

    @property
    def upload_limit(self) -> int:
        """Most bytes that the body of a request may have; 0 without a limit. traefik/dynamic/uploads.yaml."""
        millions = self.proxy.environment.get("STACK_UPLOAD_MB", "")
        return int(millions) * 1_000_000 if millions.isdecimal() else 0

    def url(self, host: str, path: str = "/") -> str:
        """Return the address that people type; the path is the app's own, below its prefix."""
        port = "" if self.https_port == HTTPS_PORT else f":{self.https_port}"
        return f"https://{host}{port}{self.prefix}{path}"


def sample(host: str) -> str:
    """Return a name to ask for in the place of a host: itself, or one below a wildcard."""
    return f"stack-check.{host.removeprefix(WILDCARD)}" if host.startswith(WILDCARD) else host


def password_file(store: str) -> str:
    """Return the name of the secret file that holds a data service's password."""
    return f"{store}_password"


def settings(env: str) -> dict[str, str]:
    """Return the line of every setting in the text of an .env file, by name."""
    return {line[1]: line[0].strip() for line in SETTING.finditer(env)}


def lacking(compose: Iterable[str], env: str) -> tuple[str, ...]:
    """Return the settings that the texts of Compose files demand and that of .env does not have, each once."""
    demanded = (name for text in compose for name in DEMANDED.findall(text))
    return tuple(dict.fromkeys(name for name in demanded if name not in settings(env)))


def _entry_point(proxy: Service, name: str) -> int:
    address = proxy.environment.get(f"TRAEFIK_ENTRYPOINTS_{name}_ADDRESS", "")
    port = address.rpartition(":")[2].removesuffix("/tcp")
    if not port.isdigit():
        raise WrongInput(
            f"Traefik's entry point {name.lower()} has the address {address!r}, which names no port",
            hint="look at STACK_HTTP_PORT and STACK_HTTPS_PORT in .env",
        )
    return int(port)
