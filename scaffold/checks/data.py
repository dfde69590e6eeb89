"""What keeps the app's data."""

from ..facts import Facts
from ..project import Project
from .containers import healthy
from .verdict import Outcome, failed, passed, skipped


def version(project: Project, facts: Facts) -> Outcome:
    """The data in PostgreSQL's volume was made by the major version that is to be started.

    Another one does not read it, and may begin with an empty database instead. Set STACK_POSTGRES_VERSION in .env to
    the version of the data. To change it: dump with the old version, `docker compose down`, remove the volume, start
    the new one, restore (the project's manual has the commands).
    """
    if project.database is None:
        return passed("there is no PostgreSQL in this stack")
    if facts.data_version is None:
        return skipped("what is in the volume cannot be seen before an image is here")
    if not facts.data_version:
        return passed("there is no data yet")
    if not facts.server_version:
        return skipped(f"{project.database.image} does not tell its version")
    seen = f"data of PostgreSQL {facts.data_version}, server of PostgreSQL {facts.server_version}"
    return passed(seen) if facts.data_version == facts.server_version else failed(seen)


def data_healthy(project: Project, facts: Facts) -> Outcome:
    """The data services run and are healthy.

    Without them the app cannot do its work. `docker compose logs` with the service's name shows why: a full disk, most
    often. `stack up` starts what does not run.
    """
    return healthy(project.stores, facts) if project.stores else passed("there are no data services in this stack")
