"""What the checks of TLS and HTTP have in common."""

from ..facts import Facts, Handshake, Reply
from ..project import Project
from .verdict import skipped

ELSEWHERE = skipped("HTTPS ends at something in front of this server: STACK_CERTIFICATES is external")
UNSEEN = "it was not looked at"


def handshakes(project: Project, facts: Facts) -> dict[str, Handshake]:
    """Return what came of shaking hands, for every host."""
    return {host: facts.handshakes.get(host, Handshake(problem=UNSEEN)) for host in project.hosts}


def shown(reply: Reply) -> str:
    """Return an answer as evidence has it."""
    return f"{reply.url}: {reply.problem or reply.status}{f' → {reply.location}' if reply.location else ''}"


def answers(facts: Facts) -> list[Reply]:
    """Return the answers over HTTPS that somebody behind the proxy gave, or that it gave in an app's name."""
    asked = [*facts.answers.values(), *facts.elsewhere.values(), *((facts.slash,) if facts.slash else ())]
    return [reply for reply in asked if not reply.refused]
