"""What the stack could do beside the app, for what is in its folder: sentences only, the person decides."""

from collections.abc import Iterator, Mapping
from typing import Any

from ..source import Dependencies, Source
from .proposal import Proposal, meant

DRIVERS = {"asyncpg": "asyncpg", "psycopg": "psycopg", "psycopg2": "psycopg2", "psycopg2-binary": "psycopg2"}
"""PostgreSQL's drivers, by package, and what SQLAlchemy calls them."""

METERS = ("prometheus-client", "prometheus-fastapi-instrumentator", "starlette-exporter")
"""prometheus_client, and what brings it along where no lock file says so."""


def hints(source: Source, answers: Mapping[str, Any], *, told: bool) -> Proposal:
    """Name the answers that the folder suggests and nobody gave; `told` when what precedes a start was spoken of."""
    said = [*_stores(source.dependencies, answers)] if source.dependencies else []
    chosen = _scheme(source.dependencies, answers) if source.dependencies else Proposal()
    if migrates(source) and "prestart" not in answers and not told:
        said.append(
            "alembic.ini is there: --data prestart=alembic runs `alembic upgrade head` once before each new version"
        )
    if source.dependencies and _counts_apart(source.dependencies, answers):
        said.append(
            "prometheus_client is there: each worker counts for itself, and who asks for the figures gets one worker's;"
            " PROMETHEUS_MULTIPROC_DIR: /tmp under `environment:` in compose.app.yaml, with a MultiProcessCollector in"
            " the code, adds them up, and --data workers=1 does without"
        )
    return Proposal({}, tuple(said)) + chosen


def stores(source: Source) -> dict[str, str]:
    """Return the data services that an app seems to use, each with the package that tells."""
    found = source.dependencies
    if found is None:
        return {}
    told = {"postgres": _driver(found), "redis": "redis" if found.brings("redis") else ""}
    return {name: package for name, package in told.items() if package}


def _driver(found: Dependencies) -> str:
    """Return the package of the PostgreSQL driver that comes first; empty without one."""
    return next((name for name in DRIVERS if found.brings(name)), "")


def _counts_apart(found: Dependencies, answers: Mapping[str, Any]) -> bool:
    """Tell whether what is measured is kept by worker, as prometheus_client does unless it is told."""
    alone = str(answers.get("workers", "")) == "1" or str(answers.get("replicas", "1")) != "1"
    return any(map(found.brings, METERS)) and not alone


def migrates(source: Source) -> bool:
    """Tell whether Alembic is set up."""
    return "alembic.ini" in source.files and (not source.dependencies or source.dependencies.brings("alembic"))


def _scheme(found: Dependencies, answers: Mapping[str, Any]) -> Proposal:
    """Propose what DATABASE_URL begins with, for SQLAlchemy to find the driver that is there; psycopg2 is its own."""
    driver = DRIVERS.get(_driver(found), "psycopg2")
    through = next((name for name in ("sqlmodel", "sqlalchemy") if found.brings(name)), "")
    if driver == "psycopg2" or not through or "database_scheme" in answers or not meant(answers.get("postgres", "")):
        return Proposal()
    scheme = f"postgresql+{driver}"
    return Proposal({"database_scheme": scheme}, (f"DATABASE_URL begins with {scheme}://, for {through}",))


def _stores(found: Dependencies, answers: Mapping[str, Any]) -> Iterator[str]:
    package = _driver(found)
    if package and "postgres" not in answers:
        yield f"{package} is there: --data postgres=true puts PostgreSQL beside the app (DATABASE_URL)"
    if found.brings("redis") and "redis" not in answers:
        yield "redis is there: --data redis=true puts Redis beside the app (REDIS_URL)"
