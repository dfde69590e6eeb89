"""What a visitor gets: TLS."""

import re
from collections.abc import Iterable
from datetime import timedelta

from ..facts import LAST_WEEK, Facts, Handshake
from ..project import LOCAL, STAGING, Project
from .verdict import Outcome, failed, judged, passed, skipped, warned
from .visits import ELSEWHERE, answers, handshakes

DAYS_WARN = timedelta(days=14)  # ACME clients renew at 30 days: two weeks of failing renewals
INSISTS = re.compile(r"max-age\s*=\s*\"?0*[1-9]", re.IGNORECASE)
"""A Strict-Transport-Security that browsers act on; 0 takes it back (RFC 6797, section 6.1.1)."""


def default(project: Project, facts: Facts) -> Outcome:
    """Traefik's default certificate is not served.

    Traefik signs one for itself and serves it while it has no other for a name: browsers warn of an attack. The wanted
    one has not come, or lies where Traefik does not read it; `stack up` orders or signs it anew and says what is wrong.
    """
    if project.external:
        return ELSEWHERE
    pairs = handshakes(project, facts).items()
    return judged(
        (f"{host}: Traefik serves its own: the wanted one has not come" for host, shake in pairs if shake.by_default),
        (f"{host}: {_issued(shake)}" for host, shake in pairs),
    )


def staging(project: Project, facts: Facts) -> Outcome:
    """No certificate of an authority for trials is served where a real one is wanted.

    Browsers refuse it: nobody has the root of such an authority. It stays when the settings were changed after it was
    signed; `stack up` restarts Traefik, which then orders the real one.
    """
    if project.external:
        return ELSEWHERE
    pairs = handshakes(project, facts).items()
    if project.certificates == STAGING:
        return passed("one for trials is wanted: STACK_CERTIFICATES is staging")
    return judged(
        (f"{host}: issued by {shake.issuer}" for host, shake in pairs if shake.for_trials),
        (f"{host}: {_issued(shake)}" for host, shake in pairs),
    )


def trusted(project: Project, facts: Facts) -> Outcome:
    """The certificate is signed by the authority it should be signed by.

    Browsers refuse it otherwise. `stack up` says what went wrong, and orders it anew where an authority signs; a file
    of your own has to have its chain, and STACK_ACME_ROOT in .env the root of a private authority.
    """
    if project.external:
        return ELSEWHERE
    pairs = handshakes(project, facts).items()
    wrong = [f"{host}: {_explained(shake)}" for host, shake in pairs if shake.problem]
    right = [f"{host}: issued by {shake.issuer}" for host, shake in pairs]
    if project.certificates == STAGING and not wrong:
        return warned(*right, "an authority for trials: browsers refuse it")
    return judged(wrong, right)


def names(project: Project, facts: Facts) -> Outcome:
    """The certificate names every host of the project.

    Browsers refuse a certificate for another name. `stack up` orders one for the names in the Compose files.
    """
    if project.external:
        return ELSEWHERE
    pairs = handshakes(project, facts).items()
    if silent := _silent(pairs):
        return skipped(*silent)
    wrong = [
        f"{host}: the certificate is for {', '.join(shake.names) or 'nobody'}"
        for host, shake in pairs
        if not shake.names_host(host)
    ]
    return judged(wrong, (f"{host}: {', '.join(shake.names)}" for host, shake in pairs))


def days(project: Project, facts: Facts) -> Outcome:
    """The certificate lasts for at least two more weeks.

    Traefik renews a month before the end; less than two weeks left means that renewals fail. `docker compose logs
    traefik` has the authority's words. A local certificate is signed anew by `stack up`.
    """
    if project.external:
        return ELSEWHERE
    left = {host: shake.not_after - facts.now for host, shake in handshakes(project, facts).items()}
    seen = [f"{host}: {days.days} days" for host, days in left.items()]
    if min(left.values()) < LAST_WEEK:
        return failed(*seen)
    return warned(*seen) if min(left.values()) < DAYS_WARN else passed(*seen)


def old(project: Project, facts: Facts) -> Outcome:
    """TLS 1.0 and 1.1 are refused.

    Whoever sits between a visitor and the server may talk both into the oldest version they share, and these two have
    holes that no setting closes (RFC 8996). `minVersion` in traefik/dynamic/tls.yaml is VersionTLS12.
    """
    if project.external:
        return ELSEWHERE
    if facts.outdated is None:
        return skipped("the TLS library of this machine speaks neither version, so nothing could be tried")
    if not facts.outdated:
        return skipped("nobody took the connection")
    where = project.canonical[0]
    return judged(
        (f"{where}: {version} was accepted" for version, accepted in facts.outdated.items() if accepted),
        (f"{where}: {version} was refused" for version in facts.outdated),
    )


def hsts(project: Project, facts: Facts) -> Outcome:
    """Browsers are told to insist on HTTPS only where the certificate is a real one.

    They remember it for as long as they are told, and let nobody past a certificate that they do not know: one visit
    with a certificate for trials locks the visitor out of the name. STACK_HSTS_SECONDS=0 in .env until then; the same 0
    takes it back in a browser that can still come.
    """
    if project.external:
        return ELSEWHERE
    sent = {reply.url: reply.headers.get("strict-transport-security", "") for reply in answers(facts)}
    if not sent:
        return skipped("nothing was answered")
    said = [f"{url}: {value or 'nothing is said'}" for url, value in sent.items()]
    if project.certificates not in {LOCAL, STAGING}:
        return passed(*said)
    told = (f"{url}: {value}" for url, value in sent.items() if INSISTS.search(value))
    return judged(
        (f"{line} (STACK_HSTS_SECONDS), with a certificate that is {project.certificates}" for line in told), said
    )


def _silent(pairs: Iterable[tuple[str, Handshake]]) -> list[str]:
    """Return why there is no certificate to judge, for each host without one."""
    return [f"{host}: {shake.problem}" for host, shake in pairs if shake.problem and not (shake.issuer or shake.names)]


def _issued(shake: Handshake) -> str:
    return f"issued by {shake.issuer}" if shake.issuer else shake.problem


def _explained(shake: Handshake) -> str:
    return f"{shake.problem} (issued by {shake.issuer})" if shake.issuer else shake.problem
