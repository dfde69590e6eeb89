"""What is looked at before `stack new` asks: this machine, its engine, and who somebody is to git."""

import os
from collections.abc import Sequence
from pathlib import Path

from .. import detect, repository
from ..errors import StackError
from ..facts import Naming, Versions
from ..facts.surroundings import Surroundings

PORTS = (80, 443)
RESOLVERS = "STACK_DNS_RESOLVERS"
USUAL_RESOLVERS = "1.1.1.1 8.8.8.8"
"""Whom a project asks, too: visitors' resolvers, not what this machine has cached."""


def look(folder: Path) -> Surroundings:
    """Return what is around; what cannot be looked at is left out."""
    versions, problem = _engine()
    name, email = repository.identity(folder)
    return Surroundings(
        os.cpu_count() or 1,
        detect.room(Path("/")),
        detect.holders(PORTS),
        detect.interfaces(),
        versions,
        problem,
        name,
        email,
    )


def leads(hosts: Sequence[str]) -> tuple[Naming, ...]:
    """Return what DNS says of some names."""
    from ..probe import names

    servers = os.environ.get(RESOLVERS, USUAL_RESOLVERS).split()
    return tuple(names.look(hosts, servers).values()) if hosts else ()


def _engine() -> tuple[Versions | None, str]:
    from ..engine import Engine

    try:
        engine = Engine.connect(Path())
        try:
            return engine.versions(Path()), ""
        finally:
            engine.close()
    except StackError as error:
        return None, error.message
