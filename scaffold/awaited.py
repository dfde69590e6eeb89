"""A certificate that was waited for, and did not come: the sentence that says why."""

from . import orders
from .errors import StackError
from .facts import Awaited
from .project import FILES, Project

CHAIN = (
    "secrets/tls/fullchain.pem holds the certificate and the ones that signed it, for these names; for a private"
    " authority, STACK_ACME_ROOT in .env is the file with its root"
)


def error(awaited: Awaited, project: Project) -> StackError:
    """Return what is to be said: the cause where Traefik's words tell it, the words, and what to do."""
    known = orders.explain(awaited.complaints, project.challenge, project.serving.name)
    return StackError(
        f"the certificate for {awaited.host} did not come: {known.cause if known else _served(awaited)}",
        evidence=awaited.complaints or (_served(awaited),),
        hint=f"{known.hint if known else _look(awaited, project)}{_whose(project)}",
    )


def rehearsed(awaited: Awaited, project: Project) -> StackError:
    """Return what is to be said of a rehearsal, which cost nothing."""
    failed = error(awaited, project)
    hint = failed.hint if awaited.complaints else "`stack up` once more waits again"
    return StackError(
        f"the rehearsal failed, and nothing was started or ordered: {failed.message}",
        evidence=failed.evidence,
        hint=f"{hint} (rehearsed with {project.rehearsal_directory}; `stack up --no-rehearsal` goes without)",
    )


def _served(awaited: Awaited) -> str:
    """Return what is served instead, and what is wrong with it."""
    seen = awaited.seen
    if not seen.names:
        return seen.problem or "nothing is served"
    wrong = f"; {seen.problem}" if seen.problem else ""
    return f"what is served is for {', '.join(seen.names)}, issued by {seen.issuer or 'nobody'}{wrong}"


def _whose(project: Project) -> str:
    """Return where Traefik's part of what is to be done stands, when that is another folder."""
    return f" (what is Traefik's is in {project.serving.directory})" if project.joins else ""


def _look(awaited: Awaited, project: Project) -> str:
    if awaited.complaints:
        return "mend what it says, then `stack up`: it orders anew"
    if project.certificates == FILES:
        return CHAIN
    return "Traefik has not complained yet: `stack up` once more waits again; `docker compose logs traefik`"
