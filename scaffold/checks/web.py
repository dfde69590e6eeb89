"""What a visitor gets: HTTP."""

import re
from urllib.parse import urlsplit

from ..facts import Facts, Reply
from ..project import HTTPS_PORT, Project, sample
from .verdict import Outcome, judged, passed, skipped
from .visits import ELSEWHERE, UNSEEN, answers, handshakes, shown

BROKEN = 500  # a status below this is the app's own answer
PARTIAL, REDIRECTED, TOO_LARGE = 206, 300, 413
FOR_GOOD = {301, 308}
"""The redirects that clients may keep for ever (RFC 9110, sections 15.4.2 and 15.4.9)."""
SPAN = re.compile(r"bytes (\d+)-(\d+)/")
"""Which bytes a part is (RFC 9110, section 14.4)."""


def http_redirects(project: Project, facts: Facts) -> Outcome:
    """Plain HTTP redirects permanently to HTTPS, on the same host and the right port.

    A temporary redirect is asked for again at every visit, and one visit in the clear is enough to lose a cookie.
    The `redirections` of entry point `web` in compose.proxy.yaml do this.
    """
    if project.external:
        return ELSEWHERE
    if not project.http_port:
        return skipped("nobody knows the port of plain HTTP where that of HTTPS is an unusual one")
    replies = {host: facts.redirects.get(host, Reply(host, problem=UNSEEN)) for host in project.hosts}
    wrong = [shown(reply) for host, reply in replies.items() if not _redirects(project, host, reply)]
    return judged(wrong, map(shown, replies.values()))


def http_canonical(project: Project, facts: Facts) -> Outcome:
    """Every other name redirects, for good, to the canonical one.

    One site under two names is two to search engines, and a cookie of the one is unknown under the other. STACK_DOMAIN
    in .env is the canonical name, STACK_HOSTS has the others; the middleware `canonical` in compose.routes.yaml
    redirects them, path and query kept.
    """
    if not project.others:
        return passed("there is no other name")
    replies = [facts.elsewhere.get(host, Reply(host, problem=UNSEEN)) for host in project.others]
    return judged((shown(reply) for reply in replies if not _leads_home(project, reply)), map(shown, replies))


def app_answers(project: Project, facts: Facts) -> Outcome:
    """The app answers over HTTPS at every canonical name.

    404 "page not found" in plain text is Traefik's: it knows no healthy container for that host. 502 and 504 are
    Traefik's too: the app is not listening on port 8000 of all its addresses. 500 is the app's own, and
    `docker compose logs app` has its words. Everything below 500 counts as an answer.
    """
    replies = [facts.answers.get(host, Reply(host, problem=UNSEEN)) for host in project.canonical]
    wrong = [shown(reply) for reply in replies if not 0 < reply.status < BROKEN]
    unserved = [host for host, reply in zip(project.canonical, replies, strict=True) if reply.by_proxy]
    unserved += [one.host for one in facts.sightings if not one.served]
    wrong += [f"{host}: Traefik answered by itself, no container was asked" for host in dict.fromkeys(unserved)]
    return judged(wrong, map(shown, replies))


def http_h2(project: Project, facts: Facts) -> Outcome:
    """HTTP/2 is spoken.

    Without it a browser has six connections to a host, and each file waits in line behind the others: a page of many
    files comes late, most of all on a phone. Traefik speaks it unless `alpnProtocols` in traefik/dynamic leaves it out.
    """
    if project.external:
        return ELSEWHERE
    shaken = {host: shake for host, shake in handshakes(project, facts).items() if shake.issuer}
    if not shaken:
        return skipped("there was no TLS handshake")
    return judged(
        (
            f"{host}: {shake.protocol or 'nothing'} was agreed on"
            for host, shake in shaken.items()
            if shake.protocol != "h2"
        ),
        (f"{host}: h2" for host in shaken),
    )


def http_headers(_project: Project, facts: Facts) -> Outcome:
    """Every answer has the security headers.

    Without `X-Content-Type-Options: nosniff` a browser may run as a script what a visitor has uploaded as a picture.
    The middleware `headers` of traefik/dynamic/headers.yaml adds it at the entry point, whatever the app says.
    """
    given = {reply.url: reply.headers.get("x-content-type-options", "") for reply in answers(facts)}
    if not given:
        return skipped("nothing was answered")
    wrong = [
        f"{url}: X-Content-Type-Options is {value or 'missing'}"
        for url, value in given.items()
        # Of several the first counts (https://fetch.spec.whatwg.org/#x-content-type-options-header).
        if value.partition(",")[0].strip().lower() != "nosniff"
    ]
    return judged(wrong, (f"{url}: {value}" for url, value in given.items()))


def http_ranges(_project: Project, facts: Facts) -> Outcome:
    """Compression does not break what is sent in part.

    A download that goes on where it broke off, and a film that somebody jumps in, are put together from parts: one that
    was compressed by itself fits nowhere. Whatever compresses, in the app or as a middleware, has to leave answers with
    status 206 alone.
    """
    partial = [reply for reply in facts.parts if reply.status == PARTIAL]
    if not partial:
        return skipped(*map(shown, facts.parts), "nothing is sent in part here")
    wrong = [
        f"{reply.url}: {reply.headers.get('content-range', 'a part')} came as {reply.headers['content-encoding']},"
        f" of {reply.headers.get('content-length', 'unknown')} bytes"
        for reply in partial
        if not _fits(reply)
    ]
    return judged(wrong, (f"{reply.url}: {reply.headers.get('content-range', 'a part')}" for reply in partial))


def http_limit(project: Project, facts: Facts) -> Outcome:
    """A request whose body is above the limit is refused.

    One large upload can fill the memory or the disk that everybody else's requests need. STACK_UPLOAD_MB in .env is the
    limit, and traefik/dynamic/uploads.yaml refuses by it before anything of the body is sent.
    """
    if not project.upload_limit:
        return passed("there is no limit: STACK_UPLOAD_MB is 0")
    reply = facts.large or Reply("a POST", problem=UNSEEN)
    said = f"{shown(reply)}, to a body of one byte more than STACK_UPLOAD_MB"
    return judged([said] if reply.status != TOO_LARGE else [], [said])


def http_strangers(project: Project, facts: Facts) -> Outcome:
    """A host that is not ours gets no app.

    Anybody can point a name at this server. An app that answers there is found under it by search engines, and writes
    that name into its links, those to new passwords among them. A router matches without a host: every `rule` in the
    labels and in traefik/dynamic begins with Host(`…`); `docker compose config` shows them.
    """
    if (reply := facts.stranger) is None:
        return skipped(UNSEEN)
    # Of a server that we know nothing of, an error or the way elsewhere is no app's for certain.
    refused = reply.refused or (not project.known and reply.status >= REDIRECTED)
    return judged([] if refused else [shown(reply)], [shown(reply)])


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


def _fits(reply: Reply) -> bool:
    """Tell whether a part is as long as it says: of something that lies there compressed, parts can be sent, too."""
    if reply.headers.get("content-encoding", "identity").lower() == "identity":
        return True
    span = SPAN.match(reply.headers.get("content-range", ""))
    return span is not None and reply.headers.get("content-length") == str(int(span[2]) - int(span[1]) + 1)
