"""The user's own certificate, before Traefik has to serve it."""

from datetime import timedelta

from ..facts import Facts, OwnFiles
from ..project import FILES, Project
from .verdict import Outcome, failed, passed, skipped, warned

DAYS_WARN = timedelta(days=14)  # as for one that is served; nobody renews this one but its owner

REST = (
    "fullchain.pem does not go on, after the server's certificate, with its authority's: whole, in order and not ended"
)


def files(project: Project, facts: Facts) -> Outcome:
    """The certificate in secrets/tls is whole, names every host and lasts.

    Browsers refuse any other, and Traefik serves none that it cannot read. secrets/tls/fullchain.pem begins with the
    server's certificate, the ones that signed it follow in order; secrets/tls/privkey.pem is its key, without a
    password. `chmod 755 secrets/tls` and `chmod 444` on both let Traefik read them; `chmod 700 secrets` keeps all
    others out.
    """
    if project.certificates != FILES:
        return skipped(f"certificates: {project.certificates}, not {FILES}")
    if facts.own is None:
        return skipped("the files were not looked at")
    if facts.own.problem:
        return failed(facts.own.problem)
    if wrong := _wrong(project, facts, facts.own):
        return failed(*wrong)
    left = facts.own.not_after - facts.now
    seen = [f"{', '.join(facts.own.names)}: issued by {facts.own.issuer}, {left.days} days left"]
    if facts.own.alone:
        seen.append(f"{REST}; some clients refuse it")
    return warned(*seen) if facts.own.alone or left < DAYS_WARN else passed(*seen)


def _wrong(project: Project, facts: Facts, own: OwnFiles) -> list[str]:
    """Return the hosts without a name in it, and what is wrong with its days."""
    for_whom = ", ".join(own.names) or "nobody"
    wrong = [f"{host}: the certificate is for {for_whom}" for host in project.hosts if not own.names_host(host)]
    if own.not_before > facts.now:
        wrong.append(f"it is not valid before {own.not_before:%Y-%m-%d %H:%M} UTC")
    if own.not_after <= facts.now:
        wrong.append(f"it ended on {own.not_after:%Y-%m-%d %H:%M} UTC")
    return wrong
