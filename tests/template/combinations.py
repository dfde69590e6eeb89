"""The combinations of answers that the template is held to, as data. A new question is added here, and only here."""

from __future__ import annotations

import itertools
import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from allpairspy import AllPairs

Answers = Mapping[str, Any]
"""What is given to `stack new` as --data; a question that is not in it gets its default."""

Row = tuple[object, ...]
"""A value for each question of PAIRS, in that order."""

Pair = tuple[tuple[int, object], tuple[int, object]]
"""Two values, each with the place of its question in PAIRS."""

DEFAULT = None
"""As a value in PAIRS: the question is not answered."""

PAIRS: Mapping[str, Sequence[object]] = {
    "project_name": [DEFAULT, "a"],
    "kind": [DEFAULT],
    "proxy": [DEFAULT],
    "proxy_project": [DEFAULT],
    "domain": [DEFAULT, "shop.test", "api.example.com", "*.example.com"],
    "hosts": [DEFAULT, "www.example.com,shop.example.org"],
    "path_prefix": [DEFAULT, "/api/v2"],
    "public": [DEFAULT],
    "certificates": [DEFAULT, "custom", "files", "external"],
    "email": [DEFAULT, "me@example.com"],
    "acme_directory": [DEFAULT, "https://ca.internal:14000/dir"],
    "acme_root": [DEFAULT, "/etc/ssl/my roots.pem", "./roots.pem"],
    "challenge": [DEFAULT, "tls-alpn", "dns"],
    "dns_provider": [DEFAULT, "cloudflare"],
    "trusted_proxies": [DEFAULT, "192.0.2.0/24,2001:db8::1"],
    "adopt": [DEFAULT, "true"],
    "app": [DEFAULT, "main:app", "shop.web:api"],
    "app_dir": [DEFAULT, "src"],
    "dockerfile": [DEFAULT, "keep"],
    "app_user": [DEFAULT, "baker"],
    "entrypoint": [DEFAULT, "/entry.sh --now"],
    "dependencies": [DEFAULT, "uv", "poetry"],
    "python_version": [DEFAULT, "3.13"],
    "system_packages": [DEFAULT, "libpq5 libmagic1"],
    "build_packages": [DEFAULT, "gcc libpq-dev"],
    "server": [DEFAULT, "fastapi"],
    "server_options": [DEFAULT, "--root-path=/api"],
    "data": [DEFAULT, "data/ var/app.db", "/d"],
    "postgres": [DEFAULT, "true"],
    "postgres_version": [DEFAULT, "19"],
    "database_scheme": [DEFAULT, "postgresql+asyncpg"],
    "redis": [DEFAULT, "true"],
    "prestart": [DEFAULT, "alembic", "python -m app.seed", "none"],
    "replicas": [DEFAULT, 3],
    "workers": [DEFAULT, 1, 64],
    "worker_memory": [DEFAULT, 256],
    "drain_seconds": [DEFAULT, 10],
    "upload_limit": [DEFAULT, 200],
    "memory": [DEFAULT, 4096],
    "health_path": [DEFAULT, "/api/v1/health"],
    "watch": [DEFAULT, "true"],
    "deploy": [DEFAULT, "github", "gitlab"],
}
"""Every question of copier.yml with values that make a difference, the commonest first."""


OTHERS: Sequence[Answers] = (
    {"proxy": "shared", "proxy_project": "front", "domain": "shop.test", "postgres": "true", "path_prefix": "/api/v2"},
    {"proxy": "shared", "adopt": "true", "dockerfile": "keep", "redis": "true", "hosts": "www.example.com"},
    {"proxy": "shared", "adopt": "true", "server": "fastapi", "trusted_proxies": "192.0.2.0/24"},
    {"kind": "proxy", "watch": "true", "deploy": "gitlab"},
    {"kind": "proxy", "certificates": "external", "trusted_proxies": "192.0.2.0/24"},
    {"kind": "static"},
    {"kind": "static", "adopt": "true", "public": "web/dist", "domain": "shop.test", "path_prefix": "/docs"},
    {"kind": "static", "proxy": "shared", "domain": "api.example.com", "hosts": "www.example.com", "watch": "true"},
)
"""Projects that are no app, or join a shared proxy: fewer questions mean anything for them, so they are not paired."""


@dataclass(frozen=True)
class Refused:
    """Answers that are fine one by one and wrong together, with a fragment of the sentence that says so."""

    answers: Answers
    fragment: str
    beside: Answers = field(default_factory=dict)
    """What else is said, so that nothing else is wrong."""


ADOPTED_ONLY: Mapping[str, str] = {
    "app": "app cannot be chosen",
    "app_dir": "app_dir cannot be chosen",
    "dockerfile": "dockerfile cannot be keep",
    "app_user": "app_user is 10001:10001",
    "dependencies": "dependencies cannot be",
    "server": "server cannot be fastapi",
}
"""Questions about an app that is there, with what is said when there is none."""

DECISIVE = {
    "acme_directory",
    "adopt",
    "certificates",
    "dns_provider",
    "dockerfile",
    "domain",
    "postgres",
    "trusted_proxies",
}
"""Questions on whose answers it depends what others are refused."""

PUBLIC: Answers = {"domain": "api.example.com"}
WILD: Answers = {"domain": "*.example.com"}
LETTER: Answers = {"certificates": "files"}
CUSTOM: Answers = {"certificates": "custom", "acme_directory": "https://ca.internal:14000/dir"}
FRONT: Answers = {"certificates": "external", "trusted_proxies": "192.0.2.0/24,2001:db8::1"}
BESIDE: Mapping[object, Answers] = {"staging": PUBLIC, "custom": {**PUBLIC, **CUSTOM}, "external": FRONT}
"""What makes a source of certificates a supported answer."""


def certificates_refused() -> Iterator[tuple[str, Refused]]:
    """Yield what is wrong together among the questions about certificates, with a name for each."""
    for source in (DEFAULT, "local", "staging", "files", "external"):
        said = {"certificates": source, "acme_directory": CUSTOM["acme_directory"]}
        yield f"directory-of-{source}", Refused(said, "acme_directory cannot be chosen", BESIDE.get(source, {}))
    for source, root in itertools.product((DEFAULT, "local", "staging", "external"), PAIRS["acme_root"][1:]):
        said = {"certificates": source, "acme_root": root}
        yield f"roots-of-{source}-{root}", Refused(said, "acme_root cannot be chosen", BESIDE.get(source, {}))
    for source in ("staging", "custom"):
        said = {"domain": DEFAULT, "certificates": source}
        yield f"{source}-for-localhost", Refused(said, "no authority signs that name")
    said = {"certificates": "custom", "acme_directory": DEFAULT}
    yield "custom-without-directory", Refused(said, "acme_directory has to be answered", PUBLIC)
    yield (
        "external-without-anybody",
        Refused({"certificates": "external", "trusted_proxies": DEFAULT}, "trusted_proxies has to be answered"),
    )
    yield from challenges_refused()


def shared_refused() -> Iterator[tuple[str, Refused]]:
    """Yield what only a proxy of one's own is asked, and what a shared one's name is not for."""
    asked = ("certificates", "email", "acme_directory", "acme_root", "challenge", "dns_provider", "upload_limit")
    for name in asked:
        for value in PAIRS[name][1:]:
            said = {"proxy": "shared", name: value}
            yield f"{name}-{value}-of-a-shared-proxy", Refused(said, "cannot be chosen with proxy")
    yield "name-of-no-shared-proxy", Refused({"proxy": DEFAULT, "proxy_project": "front"}, "means nothing without")


def routes_refused() -> Iterator[tuple[str, Refused]]:
    """Yield what is wrong together among names, path and what the project is."""
    yield "hosts-of-a-wildcard", Refused({**WILD, "hosts": PAIRS["hosts"][1]}, "a redirect needs one name", LETTER)
    yield (
        "two-prefixes",
        Refused({"path_prefix": "/api/v2", "server_options": "--root-path=/api"}, "which sets it"),
    )
    yield "files-of-an-app", Refused({"kind": DEFAULT, "public": "dist"}, "kind=static serves a folder")
    yield "database-of-a-proxy", Refused({"kind": "proxy", "postgres": "true"}, "with the answers of an app")
    yield "database-of-files", Refused({"kind": "static", "redis": "true"}, "with the answers of an app")
    yield "python-of-a-proxy", Refused({"kind": "proxy", "python_version": "3.12"}, "with the answers of an app")
    yield "workers-memory-of-files", Refused({"kind": "static", "worker_memory": "64"}, "with the answers of an app")
    yield "uploads-to-files", Refused({"kind": "static", "upload_limit": "5"}, "nothing is uploaded to files")
    yield "adopted-proxy", Refused({"kind": "proxy", "adopt": "true"}, "it has no app")
    yield "replicas-of-a-proxy", Refused({"kind": "proxy", "replicas": "2"}, "it has no app")
    yield "name-of-a-proxy", Refused({"kind": "proxy", "domain": "api.example.com"}, "belong to the stacks")
    yield "proxy-of-a-proxy", Refused({"kind": "proxy", "proxy": "shared"}, "it joins no other")


def challenges_refused() -> Iterator[tuple[str, Refused]]:
    """Yield what is wrong together among challenge, provider, name and source."""
    named = {"challenge": "dns", "dns_provider": DEFAULT}
    yield "dns-without-provider", Refused(named, "dns_provider has to be answered", PUBLIC)
    yield (
        "provider-without-dns",
        Refused({"challenge": "tls-alpn", "dns_provider": "cloudflare"}, "means nothing", PUBLIC),
    )
    for domain in (DEFAULT, "shop.test", "api.example.com"):
        said = {"domain": domain, "challenge": DEFAULT, "dns_provider": "cloudflare"}
        yield f"provider-for-{domain}", Refused(said, "means nothing")
    for source in ("local", "files", "external"):
        said = {**WILD, "certificates": source, "challenge": DEFAULT, "dns_provider": "cloudflare"}
        yield f"provider-of-{source}", Refused(said, "means nothing", BESIDE.get(source, {}))
    for source, challenge in itertools.product(("local", "files", "external"), ("tls-alpn", "dns")):
        said = {"certificates": source, "challenge": challenge}
        yield f"{challenge}-of-{source}", Refused(said, "where no authority asks", BESIDE.get(source, {}))
    for domain, challenge in itertools.product((DEFAULT, "shop.test"), ("tls-alpn", "dns")):
        said = {"domain": domain, "certificates": DEFAULT, "challenge": challenge}
        yield f"{challenge}-for-{domain}", Refused(said, "where no authority asks")
    for signer in (DEFAULT, "staging", "custom"):
        beside = CUSTOM if signer == "custom" else {}
        said = {**WILD, "certificates": signer, "challenge": "tls-alpn"}
        yield f"wildcard-by-tls-of-{signer}", Refused(said, "for a record in its zone only", beside)
        said = {**WILD, "certificates": signer, "challenge": DEFAULT, "dns_provider": DEFAULT}
        yield f"wildcard-without-provider-of-{signer}", Refused(said, "dns_provider has to be answered", beside)


REFUSED: Mapping[str, Refused] = {
    **{
        f"{name}-{value}-of-a-new-project": Refused({"adopt": DEFAULT, name: value}, fragment)
        for name, fragment in ADOPTED_ONLY.items()
        for value in PAIRS[name]
        if value is not DEFAULT
    },
    "user-of-our-dockerfile": Refused(
        {"adopt": "true", "dockerfile": DEFAULT, "app_user": "baker"}, "app_user is 10001:10001"
    ),
    "entrypoint-of-our-dockerfile": Refused(
        {"dockerfile": DEFAULT, "entrypoint": "/entry.sh --now"}, "entrypoint cannot be chosen"
    ),
    "packages-of-a-kept-dockerfile": Refused(
        {"adopt": "true", "dockerfile": "keep", "system_packages": "libpq5 libmagic1"}, "belong into the Dockerfile"
    ),
    "build-packages-of-a-kept-dockerfile": Refused(
        {"adopt": "true", "dockerfile": "keep", "build_packages": "gcc libpq-dev"}, "belong into the Dockerfile"
    ),
    "relative-data-of-a-kept-dockerfile": Refused(
        {"adopt": "true", "dockerfile": "keep", "data": "data/ var/app.db"}, "absolute paths"
    ),
    "version-of-no-database": Refused({"postgres": DEFAULT, "postgres_version": "19"}, "nothing without postgres=true"),
    "scheme-of-no-database": Refused(
        {"postgres": DEFAULT, "database_scheme": "postgresql+asyncpg"}, "nothing without postgres=true"
    ),
    "migrations-of-no-database": Refused(
        {"adopt": DEFAULT, "postgres": DEFAULT, "prestart": "alembic"}, "has no database to migrate"
    ),
    "replicas-that-write-files": Refused({"replicas": 3, "data": "/d"}, "not safe under another"),
    "replicas-that-write-sqlite": Refused({"replicas": 3, "data": "data/ var/app.db"}, "not safe under another"),
    "replicas-and-workers": Refused({"replicas": 3, "workers": 64}, "either workers in one container"),
    "workers-that-do-not-fit": Refused(
        {"workers": 64, "memory": 4096, "worker_memory": DEFAULT}, "64 workers x 128 MB + 64 MB"
    ),
    "large-workers-that-do-not-fit": Refused(
        {"workers": 64, "memory": 4096, "worker_memory": 256}, "64 workers x 256 MB + 64 MB"
    ),
    **dict(certificates_refused()),
    **dict(shared_refused()),
    **dict(routes_refused()),
}
"""Also what is left out of the pairs: a combination that holds all the answers of one of these is no supported one."""


@dataclass(frozen=True)
class Combination:
    """One supported set of answers."""

    name: str
    """For test ids and folder names: a number, and the values that are not the default."""

    answers: dict[str, Any] = field(hash=False)


def given(answers: Answers) -> dict[str, Any]:
    """Return what has to be said to get these answers."""
    return {name: value for name, value in answers.items() if value is not DEFAULT}


@cache
def supported() -> tuple[Combination, ...]:
    """Return combinations in which every two values of two questions meet, always the same ones; the default first."""
    rows = [tuple(DEFAULT for _ in PAIRS), *map(tuple, AllPairs(OrderedDict(PAIRS), filter_func=_possible))]
    met = {pair for row in rows for pair in _pairs_of(row)}
    # AllPairs stops at the first row that brings nothing new; where answers are refused that is too early.
    missing = [pair for pair in possible_pairs() if pair not in met]
    while missing:
        row = _row_with(missing, rows)
        rows.append(row)
        met |= set(_pairs_of(row))
        missing = [pair for pair in missing if pair not in met]
    others = [tuple(answers.get(name, DEFAULT) for name in PAIRS) for answers in OTHERS]
    return tuple(_combination(number, row) for number, row in enumerate(dict.fromkeys([*rows, *others])))


def possible_pairs() -> Iterator[Pair]:
    """Yield every two values of two questions that some supported combination holds."""
    for (one, firsts), (other, seconds) in itertools.combinations(enumerate(PAIRS.values()), 2):
        for first, second in itertools.product(firsts, seconds):
            if any(_possible(row) for row in _simple_rows({one: first, other: second})):
                yield (one, first), (other, second)


def _simple_rows(fixed: Mapping[int, object]) -> Iterator[Row]:
    """Yield rows with some values fixed and the others at their defaults, but for those that decide what is refused."""
    free = [place for place, name in enumerate(PAIRS) if name in DECISIVE and place not in fixed]
    for values in itertools.product(*(list(PAIRS.values())[place] for place in free)):
        held = {**dict(zip(free, values, strict=True)), **fixed}
        yield tuple(held.get(place, DEFAULT) for place in range(len(PAIRS)))


def _pairs_of(row: Row) -> Iterator[Pair]:
    return itertools.combinations(enumerate(row), 2)


def _row_with(missing: Sequence[Pair], rows: Sequence[Row]) -> Row:
    """Return a row that holds the first of the pairs, and as many of the others as it can."""
    fixed = dict(missing[0])
    changed = (tuple(fixed.get(place, value) for place, value in enumerate(row)) for row in rows)
    row = next(filter(_possible, itertools.chain(changed, _simple_rows(fixed))))
    for pair in missing[1:]:
        other = tuple(dict(pair).get(place, value) for place, value in enumerate(row))
        if _possible(other) and all(fixed.get(place, value) == value for place, value in pair):
            row, fixed = other, {**fixed, **dict(pair)}
    return row


def _possible(row: Sequence[object]) -> bool:
    """Judge a row, or its beginning."""
    held = dict(zip(PAIRS, row, strict=False))
    return not any(refused.answers.items() <= held.items() for refused in REFUSED.values())


def _combination(number: int, row: Sequence[object]) -> Combination:
    answers = given(dict(zip(PAIRS, row, strict=True)))
    words = [re.sub(r"[^a-z0-9]+", "-", str(value).lower()).strip("-")[:12] for value in answers.values()]
    return Combination("_".join([f"{number:02}", *words])[:100] if words else "default", answers)


# ---------------------------------------------------------------- what is expected of them

ALWAYS = {
    ".copier-answers.yml",
    ".env",
    "compose.yaml",
    "secrets/.gitignore",
}
OWN_PROXY = {
    "compose.proxy.yaml",
    "secrets/traefik.env",
    "socket-proxy/haproxy.cfg",
    "traefik/dynamic/api.yaml",
    "traefik/dynamic/files.yaml",
    "traefik/dynamic/headers.yaml",
    "traefik/dynamic/tls.yaml",
    "traefik/dynamic/uploads.yaml",
    "traefik/entrypoint.sh",
    "traefik/reload.yaml",
}
KINDS: Mapping[str, set[str]] = {
    "app": {
        "compose.app.yaml",
        "compose.dev.yaml",
        "compose.routes.yaml",
        "container/entrypoint.py",
        "container/healthcheck.py",
        "secrets/app.env",
    },
    "static": {"compose.routes.yaml", "compose.static.yaml", "nginx/nginx.conf"},
    "proxy": {"compose.joiner.yaml", "joiner/joiner.sh", "socket-proxy/joining.cfg"},
}
NEW_APP = {
    "app/__init__.py",
    "app/main.py",
    "app/routes/__init__.py",
    "requirements.txt",
}
NEW = {".gitignore", "README.md"}
WATCHED = {
    "watch/alert.sh",
    "watch/stack-alert@.service",
    "watch/stack-check@.service",
    "watch/stack-check@.timer",
}
ADOPTED = {"STACK.md"}
STORES: Mapping[str, set[str]] = {
    "postgres": {"compose.postgres.yaml", "container/postgres.sql", "secrets/postgres_password"},
    "redis": {"compose.redis.yaml", "secrets/redis_password"},
}
EXAMPLES: Mapping[str, set[str]] = {
    "postgres": {
        "alembic.ini",
        "app/database.py",
        "app/routes/notes.py",
        "migrations/env.py",
        "migrations/script.py.mako",
        "migrations/versions/0001_notes.py",
    },
    "redis": {"app/routes/visits.py"},
}
"""What a new project has beside each store, to begin with."""


def stores(answers: Answers) -> list[str]:
    """Return what keeps data, and has a password."""
    return [store for store in STORES if answers.get(store) == "true"]


def kind(answers: Answers) -> str:
    """Return what the project is."""
    return str(answers.get("kind", "app"))


def owns_proxy(answers: Answers) -> bool:
    """Tell whether Traefik is part of the project."""
    return kind(answers) == "proxy" or answers.get("proxy") != "shared"


def files(answers: Answers) -> set[str]:
    """Return the files of a project, all of them."""
    chosen = [STORES[store] | (set() if "adopt" in answers else EXAMPLES[store]) for store in stores(answers)]
    new = NEW_APP if kind(answers) == "app" else set()
    return ALWAYS.union(
        KINDS[kind(answers)],
        OWN_PROXY if owns_proxy(answers) else set(),
        built(answers),
        routed(answers),
        {"compose.external.yaml"} if answers.get("certificates") == "external" else set(),
        WATCHED if "watch" in answers else set(),
        deployed(answers),
        ADOPTED if "adopt" in answers else NEW | new,
        *chosen,
    )


def deployed(answers: Answers) -> set[str]:
    """Return the file with which a forge brings the project up."""
    gitlab = ".gitlab/stack.yml" if "adopt" in answers else ".gitlab-ci.yml"
    return {"github": {".github/workflows/stack.yml"}, "gitlab": {gitlab}}.get(str(answers.get("deploy")), set())


def built(answers: Answers) -> set[str]:
    """Return the files that an image is made with, and from."""
    if kind(answers) == "proxy":
        return set()
    ignored = "Dockerfile.dockerignore" if "adopt" in answers else ".dockerignore"
    example = {"public/index.html"} if kind(answers) == "static" and "public" not in answers else set()
    return {ignored} | example | (set() if answers.get("dockerfile") == "keep" else {"Dockerfile"})


def routed(answers: Answers) -> set[str]:
    """Return the files laid over the routes."""
    if not owns_proxy(answers):
        return {"compose.shared.yaml"}
    return {"compose.uploads.yaml"} if kind(answers) == "app" else set()


@dataclass(frozen=True)
class Service:
    """What DESIGN.md §4 leaves to each service."""

    networks: frozenset[str]
    published: frozenset[int] = frozenset()
    cap_add: tuple[str, ...] = ()
    one_shot: bool = False
    """Runs to its end: no healthcheck, no restart."""

    root: bool = False
    docker_socket: bool = False


PROXY: Mapping[str, Service] = {
    "traefik": Service(networks=frozenset({"edge", "socket"}), published=frozenset({80, 443})),
    # FACTS T17
    "socket-proxy": Service(networks=frozenset({"socket"}), root=True, docker_socket=True),
}
JOINER = {"joiner": Service(networks=frozenset({"socket"}))}


def services(answers: Answers) -> Mapping[str, Service]:
    """Return the services of a project, all of them."""
    reached = frozenset({"edge", "backend"} if stores(answers) else {"edge"})
    app = {} if kind(answers) == "proxy" else {"app": Service(networks=reached)}
    once = {"prestart": Service(networks=reached, one_shot=True)} if steps_before(answers) else {}
    data = {store: Service(networks=frozenset({"backend"})) for store in stores(answers)}
    return {**app, **once, **data, **proxies(answers)}


def proxies(answers: Answers) -> Mapping[str, Service]:
    """Return what stands in front, when it is the project's own."""
    if not owns_proxy(answers):
        return {}
    ports = {80} if answers.get("certificates") == "external" else {80, 443}
    own = {**PROXY, "traefik": replace(PROXY["traefik"], published=frozenset(ports))}
    return {**own, **JOINER} if kind(answers) == "proxy" else own


def steps_before(answers: Answers) -> list[str]:
    """Return the command that has to succeed before the app starts; a new project's database has its migrations."""
    if kind(answers) != "app":
        return []
    example = "alembic" if "adopt" not in answers and "postgres" in stores(answers) else "none"
    words = str(answers.get("prestart", example)).split()
    return {"alembic": ["alembic", "upgrade", "head"], "none": []}.get(words[0], words)
