"""A healthy stack and what is seen of it, as values. A test changes the one thing it is about."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from scaffold.facts import (
    Confinement,
    Container,
    Deaths,
    Dial,
    Directory,
    Facts,
    Handshake,
    Leaf,
    Made,
    Naming,
    Process,
    Record,
    Reply,
    Room,
    SecretFile,
    Server,
    Sighting,
    Space,
    Store,
    Versions,
)
from scaffold.project import ACME, DIRECTORIES, Build, Port, Project, Service
from scaffold.record import Stopped

NOW = datetime(2026, 8, 1, 12, tzinfo=UTC)
HOST = "demo.shop"
OTHER_HOST = "www.demo.shop"
EDGE = "demo_edge"
PROXY_ADDRESS = "172.18.0.2"
CLIENT = "198.51.100.4"
FORGED = "203.0.113.7"
SERVER = "198.51.100.1"
BUILD_IMAGE = "demo-app:0123456789ab"
MEMORY, PIDS = 256 * 2**20, 128
PUBLISHED = (Port(80, 80), Port(443, 443))
COMMAND = (
    "uvicorn",
    "app.main:app",
    "--host=0.0.0.0",
    "--port=8000",
    "--workers=2",
    "--proxy-headers",
    "--forwarded-allow-ips=10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fd00::/8",
)

APP = Service(
    name="app",
    image="demo-app:current",
    hash="hash-of-app",
    memory=MEMORY,
    pids=PIDS,
    build=Build(Path("/srv/demo"), "Dockerfile"),
    command=COMMAND,
    labels={
        "traefik.enable": "true",
        "traefik.http.routers.demo-app.rule": f"Host(`{HOST}`)",
        "traefik.http.routers.demo-app.entrypoints": "websecure",
    },
)
SOCKET_PROXY = Service(
    name="socket-proxy",
    image="haproxy:3.2",
    hash="hash-of-socket-proxy",
    memory=MEMORY,
    pids=PIDS,
    binds={"/usr/local/etc/haproxy/haproxy.cfg": Path("/srv/demo/socket-proxy/haproxy.cfg")},
)
TRAEFIK = Service(
    name="traefik",
    image="traefik:v3.7.15",
    hash="hash-of-traefik",
    memory=MEMORY,
    pids=PIDS,
    environment={
        "TRAEFIK_ENTRYPOINTS_WEB_ADDRESS": ":80",
        "TRAEFIK_ENTRYPOINTS_WEBSECURE_ADDRESS": ":443",
        "TRAEFIK_ENTRYPOINTS_PING_ADDRESS": "127.0.0.1:50080",
        "TRAEFIK_API": "true",
        "STACK_CERTIFICATES": "acme",
        "STACK_CHALLENGE": "http",
        "LEGO_CA_CERTIFICATES": "",
        "TRAEFIK_PROVIDERS_DOCKER_NETWORK": EDGE,
    },
    ports=PUBLISHED,
    binds={
        "/etc/traefik/dynamic/local": Path("/srv/demo/secrets/tls"),
        "/run/acme-root.pem": Path("/dev/null"),
    },
)


def project(**changes: Any) -> Project:
    """Return the stack whose certificates come from an ACME authority."""
    healthy = Project(
        name="demo",
        directory=Path("/srv/demo"),
        services=(APP, SOCKET_PROXY, TRAEFIK),
    )
    return replace(healthy, **changes)


def local_project(**changes: Any) -> Project:
    """Return the stack whose certificate the local authority signs."""
    return with_environment(project(**changes), STACK_CERTIFICATES="local")


FRONT = Path("/srv/proxy")
JOINER = Service(name="joiner", image="haproxy:3.2", hash="hash-of-joiner", memory=MEMORY, pids=PIDS)


def shared_proxy(**variables: str) -> Project:
    """Return a shared proxy, whose Traefik is told something else where a test wants it."""
    traefik = replace(TRAEFIK, environment={**TRAEFIK.environment, **variables}, labels={"stack.serves": "proxy"})
    return Project(name="proxy", directory=FRONT, services=(JOINER, SOCKET_PROXY, traefik))


def joining_project(**variables: str) -> Project:
    """Return the stack that joins it."""
    app = replace(APP, labels={**APP.labels, "stack.proxy": "proxy", "traefik.docker.network": EDGE})
    return project(services=(app,), front=shared_proxy(**variables))


def front_containers(**changes: Any) -> tuple[Container, ...]:
    """Return the containers of the shared proxy, its Traefik with changes."""
    inside = {"0-proxy_edge": "172.19.0.2", EDGE: PROXY_ADDRESS}
    found = (
        container("joiner", image_id="sha256:socket-proxy"),
        container("socket-proxy"),
        container("traefik", addresses=inside, **changes),
    )
    return tuple(replace(one, name=f"proxy-{one.service}-1", folder=str(FRONT)) for one in found)


def joining_facts(**changes: Any) -> Facts:
    """Return what is seen when the stack of `joining_project()` runs as it should."""
    return replace(facts(containers=(container("app"), *front_containers())), **changes)


PASSWORD = Path("/srv/demo/secrets/postgres_password")
SETTINGS = Path("/srv/demo/secrets/app.env")
POSTGRES = Service(
    name="postgres",
    image="postgres:18",
    hash="hash-of-postgres",
    memory=MEMORY,
    pids=PIDS,
    environment={"POSTGRES_PASSWORD_FILE": "/run/secrets/postgres_password"},
    binds={"/run/secrets/postgres_password": PASSWORD},
    volumes={"/var/lib/postgresql": "demo_postgres"},
)
PRESTART = Service(
    name="prestart",
    image="demo-app:current",
    hash="hash-of-prestart",
    memory=MEMORY,
    pids=PIDS,
    needs=("postgres",),
    one_shot=True,
    binds={"/run/secrets/postgres_password": PASSWORD, "/run/secrets/app.env": SETTINGS},
)


PLENTY = Space(free=40_000_000_000, total=80_000_000_000)
STORED = {
    "postgres": Store(
        "postgres",
        {
            "fsync": "on",
            "full_page_writes": "on",
            "synchronous_commit": "on",
            "data_directory": "/var/lib/postgresql/cluster",
        },
        PLENTY,
    ),
    "redis": Store(
        "redis",
        {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction", "dir": "/data"},
        PLENTY,
    ),
}
"""What data services say of themselves."""
KEPT = {"postgres": {"/var/lib/postgresql": "demo_postgres"}, "redis": {"/data": "demo_redis"}}
SOCKET = {"/var/run/docker.sock": "/var/run/docker.sock"}
MOUNTS = {**KEPT, "socket-proxy": SOCKET}
"""What is mounted in the containers of services, by place."""
ASKED = {
    "GET /_ping": 200,
    "POST /containers/stack-check-no-such-container/kill": 403,
    "DELETE /containers/stack-check-no-such-container": 403,
    "GET /images/json": 403,
}
"""What the socket proxy answers."""


def data_project(**changes: Any) -> Project:
    """Return the stack with PostgreSQL, and a step before the app."""
    app = replace(APP, needs=("postgres", "prestart"), binds=PRESTART.binds)
    return replace(project(services=(PRESTART, app, POSTGRES, SOCKET_PROXY, TRAEFIK)), **changes)


def data_facts(*different: Container, **changes: Any) -> Facts:
    """Return what is seen when the stack of `data_project()` runs as it should, with some containers exchanged."""
    done = container("prestart", state="exited", health="", image_id="sha256:app")
    others = [one for one in (container("postgres"), done) if one.service not in {other.service for other in different}]
    seen = facts(
        containers=containers(*others, *different),
        images={**facts().images, "postgres:18": "sha256:postgres"},
        modified=dict.fromkeys((PASSWORD, SETTINGS), NOW - timedelta(days=2)),
        secrets=tuple(SecretFile(path, 41, 0o444) for path in (SETTINGS, PASSWORD)),
        secrets_mode=0o700,
        data_version="18",
        server_version="18",
        servers=(server(reached={"postgres": ""}),),
        stores=(STORED["postgres"],),
        dials=(Dial("postgres", "172.20.0.3", open=False),),
    )
    return replace(seen, **changes)


def with_service(stack: Project, name: str, **changes: Any) -> Project:
    """Return a stack in which one service is different."""
    services = tuple(replace(one, **changes) if one.name == name else one for one in stack.services)
    return replace(stack, services=services)


def with_environment(stack: Project, **variables: str) -> Project:
    """Return a stack in which Traefik is told something else."""
    return with_service(stack, "traefik", environment={**stack.proxy.environment, **variables})


def with_hosts(stack: Project, *hosts: str) -> Project:
    """Return a stack that answers to these names."""
    rule = " || ".join(f"Host(`{host}`)" for host in hosts)
    return with_service(stack, "app", labels={**APP.labels, "traefik.http.routers.demo-app.rule": rule})


def made(service: str, **changes: Any) -> Made:
    """Return how a service's container is made: within bounds; the app's has what any stack here mounts into it."""
    defined = {one.name: one for one in (PRESTART, POSTGRES, SOCKET_PROXY, TRAEFIK)}
    wanted = PRESTART if service == "app" else defined.get(service)
    binds = {place: str(path) for place, path in wanted.binds.items()} if wanted else {}
    bounded = Made(
        mounts={**binds, **(wanted.volumes if wanted else {}), **MOUNTS.get(service, {})},
        memory=MEMORY,
        pids=PIDS,
        restart="no" if service == "prestart" else "unless-stopped",
        log_driver="json-file",
        log_size="10m",
        user="10001:10001",
        read_only=True,
    )
    return replace(bounded, **changes)


def container(service: str, **changes: Any) -> Container:
    """Return a service's container, made from the definition and the image it should be."""
    healthy = Container(
        id=f"id-of-{service}",
        name=f"demo-{service}-1",
        service=service,
        state="running",
        health="healthy",
        image_id=f"sha256:{service}",
        config_hash=f"hash-of-{service}",
        folder="/srv/demo",
        started=NOW - timedelta(days=1),
        addresses={EDGE: PROXY_ADDRESS} if service == "traefik" else {},
        ports=PUBLISHED if service == "traefik" else (),
        made=made(service),
    )
    return replace(healthy, **changes)


def containers(*different: Container) -> tuple[Container, ...]:
    """Return the three containers, with some of them exchanged for these."""
    services = {one.service for one in different}
    return (*(container(name) for name in ("app", "socket-proxy", "traefik") if name not in services), *different)


def handshake(*names: str, **changes: Any) -> Handshake:
    """Return a handshake with a certificate that is accepted, and lasts."""
    begun, end = NOW - timedelta(days=30), NOW + timedelta(days=60)
    return replace(Handshake(names or (HOST,), "Example CA", end, not_before=begun, protocol="h2"), **changes)


SECURE = {"content-type": "application/json", "x-content-type-options": "nosniff"}
"""The headers of an answer that a healthy stack gives."""


def part(path: str = "/", **headers: str) -> Reply:
    """Return the answer to a request for the beginning of something."""
    sent = {**SECURE, "content-range": "bytes 0-4095/20000", "content-length": "4096", **headers}
    return Reply(f"https://{HOST}{path}", status=206, headers=sent)


def leaf(*names: str, **changes: Any) -> Leaf:
    """Return a local certificate that is ours, and lasts."""
    return replace(Leaf(names or (HOST,), NOW + timedelta(days=300), signed_by_us=True), **changes)


def server(*words: str, workers: int = 2, **changes: Any) -> Server:
    """Return the processes of an app container: the server, Python's resource tracker, and the workers."""
    python = "/usr/local/bin/python3.14"
    spawned = ("-c", "from multiprocessing.spawn import spawn_main; spawn_main(tracker_fd=5, pipe_handle=7)")
    tracker = ("-c", "from multiprocessing.resource_tracker import main;main(4)")
    first = words or ("/usr/local/bin/uvicorn", *COMMAND[1:])
    processes = (
        Process(1, 0, (python, *first)),
        Process(7, 1, (python, *tracker)),
        *(Process(8 + number, 1, (python, *spawned)) for number in range(workers)),
    )
    return replace(Server("demo-app-1", processes, confinement=Confinement(10001, 0, locked=True), killed=0), **changes)


def record(**changes: Any) -> Record:
    """Return what the last `up` wrote down, which replaced the app."""
    gone = (Stopped("demo-app-1", 1.2, killed=False),)
    return replace(Record(NOW - timedelta(days=1), 21.5, "sha256:app", BUILD_IMAGE, gone), **changes)


def facts(**changes: Any) -> Facts:
    """Return what is seen when the stack of `project()` runs as it should."""
    healthy = Facts(
        now=NOW,
        certified=frozenset({HOST}),
        room=Room(memory=4_000_000_000, memory_total=8_000_000_000, swap=0, disk=40_000_000_000),
        versions=Versions(engine="28.5.1", compose="2.40.0", oldest_api="1.24"),
        containers=containers(),
        images={
            "demo-app:current": "sha256:app",
            BUILD_IMAGE: "sha256:app",
            "haproxy:3.2": "sha256:socket-proxy",
            "traefik:v3.7.15": "sha256:traefik",
        },
        build_image=BUILD_IMAGE,
        handshakes={HOST: handshake()},
        answers={HOST: Reply(f"https://{HOST}/", status=200, headers=SECURE)},
        redirects={HOST: Reply(f"http://{HOST}/x", status=308, location=f"https://{HOST}/x")},
        names={HOST: Naming(HOST, zone=HOST, own=(SERVER,), public=(SERVER,))},
        authority=Directory(DIRECTORIES[ACME], identities=("letsencrypt.org",), ahead=timedelta(seconds=1)),
        interfaces=("127.0.0.1", SERVER),
        slash=Reply(f"https://{HOST}/items", status=307, location=f"https://{HOST}/items/", headers=SECURE),
        stranger=Reply("https://stack-check.invalid/", status=404, by_proxy=True),
        parts=(part(), Reply(f"https://{HOST}/openapi.json", status=200, headers=SECURE)),
        outdated={"TLS 1.0": False, "TLS 1.1": False},
        servers=(server(),),
        deaths=(Deaths("demo-app-1", since=NOW - timedelta(hours=1)),),
        boots=True,
        record=record(),
        sightings=(Sighting("", CLIENT, CLIENT), Sighting(FORGED, CLIENT, CLIENT)),
        dials=(),
        storage={"/tmp/acme.json": 0o600},
        api=(),
        socket_proxy=ASKED,
        baked=(),
    )
    return replace(healthy, **changes)


def local_facts(**changes: Any) -> Facts:
    """Return what is seen when the stack of `local_project()` runs as it should."""
    return replace(facts(leaf=leaf()), **changes)
