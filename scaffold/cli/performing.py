"""Each step of a plan, handed to whoever carries it out."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from .. import authority, awaited, plan, probe, secretfiles
from ..engine import Engine, Say
from ..facts import Awaited
from ..project import DNS, RELOAD, Project, sample
from ..record import UP
from . import observe
from .alone import alone

FILE_SECONDS = 15
"""How long a certificate may take that lies in a file: Traefik reads it when it starts."""
DNS_SECONDS = 600
"""How long an order may take when a record has to reach all of a zone's servers first: Traefik gives up before."""


def perform(engine: Engine, project: Project, step: plan.Step, say: Say, *, since: datetime) -> None:
    """Hand a step to whoever carries it out."""
    match step:
        case plan.SignLeaf(hosts):
            authority.sign(project.serving.directory, hosts, datetime.now(UTC), project.leaf)
            _tell(project)
        case plan.DropLeaf():
            authority.drop(project.serving.directory, project.leaf)
            _tell(project)
        case plan.MakeSecret(path):
            secretfiles.make(path)
        case plan.Rehearse(hosts):
            _rehearse(engine, project, hosts, say)
        case plan.AwaitCertificate(hosts):
            said = partial(observe.complaints, engine, project, since)
            if lacking := _lacking(project, hosts, observe.visit.site(project), said, say):
                raise awaited.error(lacking, project)
        case _:
            engine.apply(project, step, say)


def _tell(project: Project) -> None:
    """Have a shared Traefik read its certificates again: it is not restarted for one of its stacks."""
    if project.joins:
        (project.serving.directory / RELOAD).touch()


def _rehearse(engine: Engine, project: Project, hosts: Sequence[str], say: Say) -> None:
    """Order from the authority for trials; StackError that says that this cost nothing when it fails."""
    # The throw-away Traefik is the proxy's: another stack's `up` would take it away.
    lock = alone(project.serving.directory, UP) if project.joins else nullcontext()
    with lock, engine.rehearsal(project.serving, hosts, say) as traefik:

        def complaints() -> tuple[str, ...]:
            engine.refuse_ended(traefik)
            return observe.said(engine, [traefik], traefik.started)

        if lacking := _lacking(project, hosts, observe.visit.stage(project, traefik), complaints, say):
            raise awaited.rehearsed(lacking, project)


def _lacking(
    project: Project, hosts: Sequence[str], site: probe.Site, complaints: Callable[[], tuple[str, ...]], say: Say
) -> Awaited | None:
    """Wait for the certificate of every host; return what came of the first that does not come."""
    seconds = DNS_SECONDS if project.challenge == DNS else probe.CERTIFICATE_SECONDS
    seconds = seconds if project.ordered else FILE_SECONDS
    for host in hosts:
        seen = probe.await_certificate(site, sample(host), complaints, say, seconds)
        if not seen.came:
            return replace(seen, host=host)
    return None
