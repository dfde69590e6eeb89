"""What a visitor gets: TLS and HTTP."""

from datetime import timedelta
from urllib.parse import urlsplit

from ..facts import LAST_WEEK, Facts, Handshake, Reply
from ..project import HTTPS_PORT, STAGING, Project, sample
from .verdict import Outcome, failed, judged, passed, skipped, warned

DAYS_WARN = timedelta(days=14)  # ACME clients renew at 30 days: two weeks of failing renewals
ELSEWHERE = skipped("HTTPS ends at something in front of this server: STACK_CERTIFICATES is external")
UNSEEN = "it was not looked at"
BROKEN = 500  # a status below this is the app's own answer
FOR_GOOD = {301, 308}
"""The redirects that clients may keep for ever (RFC 9110, sections 15.4.2 and 15.4.9)."""


def http_redirects(project: Project, facts: Facts) -> Outcome:
    """Plain HTTP redirects permanently to HTTPS, on the same host and the right port.

    A temporary redirect is asked for again at every visit, and one visit in the clear is enough to lose a cookie.
    The `redirections` of entry point `web` in compose.proxy.yaml do this.
    """
    if project.external:
        return ELSEWHERE
    replies = {host: facts.redirects.get(host, Reply(host, problem=UNSEEN)) for host in project.hosts}
    wrong = [_shown(reply) for host, reply in replies.items() if not _redirects(project, host, reply)]
    return judged(wrong, map(_shown, replies.values()))


def http_canonical(project: Project, facts: Facts) -> Outcome:
    """Every other name redirects, for good, to the canonical one.

    One site under two names is two to search engines, and a cookie of the one is unknown under the other. STACK_DOMAIN
    in .env is the canonical name, STACK_HOSTS has the others; the middleware `canonical` in compose.routes.yaml
    redirects them, path and query kept.
    """
    if not project.others:
        return passed("there is no other name")
    replies = [facts.elsewhere.get(host, Reply(host, problem=UNSEEN)) for host in project.others]
    return judged((_shown(reply) for reply in replies if not _leads_home(project, reply)), map(_shown, replies))


def tls_trusted(project: Project, facts: Facts) -> Outcome:
    """The certificate is signed by the authority it should be signed by.

    Browsers refuse it otherwise. `stack up` says what went wrong, and orders it anew where an authority signs; a file
    of your own has to have its chain, and STACK_ACME_ROOT in .env the root of a private authority.
    """
    if project.external:
        return ELSEWHERE
    pairs = _handshakes(project, facts).items()
    wrong = [f"{host}: {_explained(shake)}" for host, shake in pairs if shake.problem]
    right = [f"{host}: issued by {shake.issuer}" for host, shake in pairs]
    if project.certificates == STAGING and not wrong:
        return warned(*right, "an authority for trials: browsers refuse it")
    return judged(wrong, right)


def tls_names(project: Project, facts: Facts) -> Outcome:
    """The certificate names every host of the project.

    Browsers refuse a certificate for another name. `stack up` orders one for the names in the Compose files.
    """
    if project.external:
        return ELSEWHERE
    pairs = _handshakes(project, facts).items()
    wrong = [
        f"{host}: the certificate is for {', '.join(shake.names) or 'nobody'}"
        for host, shake in pairs
        if not shake.names_host(host)
    ]
    return judged(wrong, (f"{host}: {', '.join(shake.names)}" for host, shake in pairs))


def tls_days(project: Project, facts: Facts) -> Outcome:
    """The certificate lasts for at least two more weeks.

    Traefik renews a month before the end; less than two weeks left means that renewals fail. `docker compose logs
    traefik` has the authority's words. A local certificate is signed anew by `stack up`.
    """
    if project.external:
        return ELSEWHERE
    left = {host: shake.not_after - facts.now for host, shake in _handshakes(project, facts).items()}
    seen = [f"{host}: {days.days} days" for host, days in left.items()]
    if min(left.values()) < LAST_WEEK:
        return failed(*seen)
    return warned(*seen) if min(left.values()) < DAYS_WARN else passed(*seen)


def app_answers(project: Project, facts: Facts) -> Outcome:
    """The app answers over HTTPS at every canonical name.

    404 "page not found" in plain text is Traefik's: it knows no healthy container for that host. 502 and 504 are
    Traefik's too: the app is not listening on port 8000 of all its addresses. 500 is the app's own, and
    `docker compose logs app` has its words. Everything below 500 counts as an answer.
    """
    replies = [facts.answers.get(host, Reply(host, problem=UNSEEN)) for host in project.canonical]
    wrong = [_shown(reply) for reply in replies if not 0 < reply.status < BROKEN]
    unserved = [host for host, reply in zip(project.canonical, replies, strict=True) if reply.by_proxy]
    unserved += [one.host for one in facts.sightings if not one.served]
    wrong += [f"{host}: Traefik answered by itself, no container was asked" for host in dict.fromkeys(unserved)]
    return judged(wrong, map(_shown, replies))


def _handshakes(project: Project, facts: Facts) -> dict[str, Handshake]:
    return {host: facts.handshakes.get(host, Handshake(problem=UNSEEN)) for host in project.hosts}


def _shown(reply: Reply) -> str:
    return f"{reply.url}: {reply.problem or reply.status}{f' → {reply.location}' if reply.location else ''}"


def _redirects(project: Project, host: str, reply: Reply) -> bool:
    there = urlsplit(reply.location)
    right_place = (there.scheme, there.hostname, there.port or HTTPS_PORT) == (
        "https",
        sample(host),
        project.https_port,
    )
    return reply.status in FOR_GOOD and right_place


def _leads_home(project: Project, reply: Reply) -> bool:
    """Tell whether an answer redirects to the same page under the canonical name."""
    asked, there = urlsplit(reply.url), urlsplit(reply.location)
    same = (there.path, there.query) == (asked.path, asked.query)
    # What is in front has a port of its own, which our request did not come to.
    port = project.external or (there.port or HTTPS_PORT) == project.https_port
    home = there.scheme == "https" and there.hostname == project.canonical[0]
    return reply.status in FOR_GOOD and home and same and port


def _explained(shake: Handshake) -> str:
    if "TRAEFIK DEFAULT CERT" in shake.issuer:
        return "Traefik serves its own default certificate: the wanted one has not come"
    return f"{shake.problem} (issued by {shake.issuer})" if shake.issuer else shake.problem
