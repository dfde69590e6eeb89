"""Whose file it is that evidence names: behind a shared proxy, much of it is the proxy's."""

import re
from dataclasses import replace

from ..project import Project
from .verdict import Outcome, Status

THE_PROXYS = re.compile(
    r"STACK_(?:ACME_[A-Z]+|ADDRESSES|CERTIFICATES|CHALLENGE|DNS_[A-Z]+|HSTS_[A-Z]+|HTTPS?_[A-Z]+|TRUSTED_PROXIES|UPLOAD_[A-Z]+)\b"
    r"|secrets/(?:traefik\.env|tls\b[\w./]*)|compose\.(?:proxy|external)\.yaml|docker compose logs traefik"
)
"""What a stack behind a shared proxy does not have itself."""


def located(outcome: Outcome, project: Project) -> Outcome:
    """Return what was found with the folder where the proxy's part of it stands, when that has to be mended."""
    if not project.joins or outcome.status not in {Status.FAIL, Status.WARN}:
        return outcome
    named = THE_PROXYS.findall("\n".join(outcome.seen))
    where = f"in {project.serving.directory}, the proxy's folder: {', '.join(dict.fromkeys(named))}"
    return replace(outcome, seen=(*outcome.seen, where)) if named else outcome
