"""Why a certificate did not come, from what Traefik wrote about it, and what to do."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any


@dataclass(frozen=True)
class Explanation:
    """What went wrong, and what to do."""

    cause: str
    hint: str


@dataclass(frozen=True)
class Rule:
    """Words of a line and what they mean, with {fields}: groups of the words, and what `_facts` finds in the line.

    A hint ends with {then}, the command that tries again.
    """

    words: str
    cause: str
    hint: str


ACME = "urn:ietf:params:acme:error:"
STORAGE = "\"$(docker volume inspect --format '{{{{.Mountpoint}}}}' {volume})\""
FRESH = "and all is ordered anew: `docker compose down`, `docker volume rm {volume}`, {then}"
PASSES = "it may pass by itself; if it does not: "
REHEARSE = "for trials, STACK_CERTIFICATES=staging in .env has limits of its own"
MANY = r"\((?P<count>\d+)\)"
LATELY = r"in the last (?P<hours>\d+)h.* retry after (?P<until>[\d-]+ [\d:]+ UTC)"
OPEN = (
    "port {port} of this server has to be open to everybody (its own firewall, and that of whoever rents it to you),"
    " and the {record} record of {name} has to be its address, {then}"
)
THROUGH = (
    "the {record} record of {name} has to be this server's address, and what stands before it has to pass"
    " /.well-known/acme-challenge/ on over plain HTTP, {then}"
)
EAB = (
    "TRAEFIK_CERTIFICATESRESOLVERS_ACME_ACME_EAB_KID and TRAEFIK_CERTIFICATESRESOLVERS_ACME_ACME_EAB_HMACENCODED in"
    " secrets/traefik.env, each by `stack secret set NAME --proxy`, {then}"
)
LOOK = (
    "its zone has to be at the provider that STACK_DNS_PROVIDER in .env names; `dig TXT _acme-challenge.{zone}` shows"
    " what is to be seen, which may take minutes, {then}"
)

STORAGE_RULES = (
    Rule(
        r"permissions (?P<mode>\d+) for (?P<path>\S+) are too open",
        "Traefik does not open its storage: {path} has mode {mode}, and has to have 600",
        f"as root, `chmod 600 {STORAGE}/{{file}}`, {{then}}",
    ),
    Rule(
        r"unable to get ACME account: open (?P<path>\S+): permission denied",
        "Traefik may not open its storage, {path}",
        f"as root, `chown -R 65532:65532 {STORAGE}` and `chmod 600 {STORAGE}/{{file}}`, {{then}}",
    ),
    Rule(
        r"(?P<path>/\S+): read-only file system",
        "Traefik cannot write its storage: {path} lies on a disk that is read-only",
        "compose.proxy.yaml mounts the volume `acme` there, without :ro; if it does, the server's disk is read-only:"
        " `dmesg`, {then}",
    ),
    Rule(
        r"(?P<path>/\S+): (?:no space left on device|disk quota exceeded)",
        "the disk is full: Traefik could not write {path}",
        "`docker system df` and `df -h` show by what; make room, {then}",
    ),
    Rule(
        r"unable to get ACME account: (?P<why>.+)",
        "Traefik cannot read its storage: {why}",
        f"its certificates are lost with it, {FRESH}",
    ),
    Rule(
        r"Router uses a nonexistent certificate resolver: (?P<resolver>\S+)",
        "a router asks for the certificate resolver {resolver}, and Traefik has none of that name",
        "the stack's own is called acme: look at STACK_CERTIFICATES in .env, and at `certresolver` in labels and files"
        " of yours, {then}",
    ),
)
"""Traefik cannot keep what it would order. The line about the resolver follows those about the storage."""

PROVIDER_RULES = (
    Rule(
        r"unrecognized DNS provider: (?P<provider>\S+)",
        "Traefik knows no DNS provider of the name {provider}",
        "STACK_DNS_PROVIDER in .env is a code of https://go-acme.github.io/lego/dns/, such as cloudflare, hetzner or"
        " route53, {then}",
    ),
    Rule(
        r"(?P<provider>[\w-]+): (?:some credentials information are missing: (?:\S+ or )?)+"
        r"(?P<missing>(?P<first>[A-Z][A-Z0-9_]+)(?:,[A-Z0-9_]+)*)$",
        "the DNS provider {provider} gets no credentials: it wants {missing}",
        "`stack secret set {first} --proxy` puts it into secrets/traefik.env, and so each that it needs, {then}",
    ),
    Rule(
        r"error presenting token \([^)]*\): (?P<provider>[\w-]+): (?P<why>.*(?i:status ?code:? ?40[13]\b).*?)\]*$",
        "the DNS provider {provider} refuses the credentials: {why}",
        "a token that may edit the records of that zone: `stack secret set NAME --proxy`, {then}",
    ),
    Rule(
        r"error presenting token \([^)]*\): (?P<provider>[\w-]+): .*"
        r"unable to communicate with the API server: .*?(?P<why>(?:dial|read|net/http|tls|EOF|context)[^\]]*)\]*$",
        "Traefik does not reach the DNS provider {provider}: {why}",
        f"{PASSES}containers need to reach the internet, and its address has to be right: secrets/traefik.env,"
        " {then}",
    ),
    Rule(
        r"could not find zone for domain \"(?P<name>[^\"]+)\"|could not find the start of authority",
        "there is no zone for {name} in the DNS",
        "STACK_DOMAIN in .env; its domain has to be registered, and delegated to the provider's name servers"
        " (`dig NS`), {then}",
    ),
    Rule(
        r"error presenting token \([^)]*\): (?P<provider>[\w-]+): (?P<why>.*?)\]*$",
        "the DNS provider {provider} did not set the record: {why}",
        "the zone of {name} has to be at that provider (STACK_DNS_PROVIDER in .env), and the token has to be one for"
        " it: `stack secret set NAME --proxy`, {then}",
    ),
    Rule(
        r"time limit exceeded: last error: authoritative nameservers: (?P<why>.*?)(?: \[.*)?$",
        "the TXT record for {name} was set, and its name servers do not show it yet: {why}",
        LOOK,
    ),
    Rule(
        r"No TXT records? found|looking up TXT for",
        "the authority found no TXT record _acme-challenge.{zone}",
        LOOK,
    ),
    Rule(
        r"Incorrect TXT record|Correct value not found for DNS challenge",
        "the authority found another TXT record at _acme-challenge.{zone}, of an earlier order perhaps",
        "remove it there by hand; " + LOOK,
    ),
)
"""DNS-01, before the authority looks and after."""

DIRECTORY = r"get directory at '(?P<url>[^']*)': "
AUTHORITY_RULES = (
    Rule(
        rf"{DIRECTORY}.*x509: certificate signed by unknown authority",
        "Traefik does not trust the authority at {url}: a root that it does not know signed its TLS certificate",
        "STACK_ACME_ROOT in .env is a PEM file with the root of a private authority; for a public one, something"
        " between looks into TLS, {then}",
    ),
    Rule(
        rf"{DIRECTORY}.*x509: certificate is valid for (?P<valid>.+), not (?P<wanted>[^\s\]]+)",
        "the authority is addressed as {wanted}, and its TLS certificate is for {valid}",
        "STACK_ACME_DIRECTORY in .env by a name that the certificate has, {then}",
    ),
    Rule(
        rf"{DIRECTORY}.*x509: certificate has expired or is not yet valid: current time (?P<now>\S+) is"
        r" (?P<side>before|after) (?P<limit>[^\s\]]+)",
        "the authority's TLS certificate is not valid at the time of this server, {now}: that is {side} {limit}",
        "`date -u`: if the clock is wrong, `timedatectl set-ntp true`; if it is right, the authority has to mend its"
        " certificate, {then}",
    ),
    Rule(
        rf"{DIRECTORY}.*lookup (?P<authority>\S+)(?: on \S+)?: no such host",
        "the DNS knows no authority {authority}",
        "STACK_ACME_DIRECTORY in .env, {then}",
    ),
    Rule(
        rf"{DIRECTORY}.*lookup (?P<authority>\S+)(?: on \S+)?: (?:read udp \S+: )?(?P<why>[a-z/ ]+)",
        "Traefik cannot look {authority} up: {why}",
        f"{PASSES}containers ask the name servers of this host: /etc/resolv.conf and its firewall, {{then}}",
    ),
    Rule(
        rf"{DIRECTORY}unable to communicate with the API server: .*?(?P<why>(?:dial|read|net/http|EOF|context).*)$",
        "Traefik does not reach the authority at {url}: {why}",
        f"{PASSES}STACK_ACME_DIRECTORY in .env, and whether this server may reach it, {{then}}",
    ),
    Rule(
        r"\b50\d :: ?(?:GET|POST|HEAD) ::|:serverInternal ::",
        "the authority is in trouble, and asks for patience",
        "nothing to mend here; a public authority has a page about its state: wait some minutes, {then}",
    ),
    Rule(
        rf"{DIRECTORY}.*(?:\b40\d :: ?GET ::|invalid character|server gave HTTP response)",
        "there is no ACME directory at {url}",
        "STACK_ACME_DIRECTORY in .env is the whole address, with its path: /directory, /dir or what the authority's"
        " manual says, {then}",
    ),
)
"""Traefik and the authority do not come together."""

ORDER_RULES = (
    Rule(
        rf"too many failed authorizations {MANY} for \"(?P<name>[^\"]+)\" {LATELY}",
        "{count} orders for {name} failed within {hours} h, and the authority takes no other before {until}",
        f"{REHEARSE}; `docker compose logs traefik` has what failed before: mend that, wait until {{until}}, {{then}}",
    ),
    Rule(
        rf"too many certificates {MANY} already issued for this exact set .* {LATELY}",
        "the authority issued {count} certificates for these very names within {hours} h, and no other before {until}",
        f"{REHEARSE}; these were in the volume {{volume}} of whoever ordered them: keep that volume, restore it if you"
        " can, or wait until {until}, {then}",
    ),
    Rule(
        rf"too many certificates {MANY} already issued for \"(?P<name>[^\"]+)\" {LATELY}",
        "the authority issued {count} certificates below {name} within {hours} h, and no other before {until}",
        f"{REHEARSE}; wait until {{until}}, {{then}}",
    ),
    Rule(
        rf"too many new (?P<what>orders|registrations) {MANY} from this (?P<who>.+?) {LATELY}",
        "too many {what} from this {who} within {hours} h: the authority takes no other before {until}",
        f"{REHEARSE}; stop whatever orders or registers again and again, wait until {{until}}, {{then}}",
    ),
    Rule(
        r"temporarily prevented from requesting certificates for (?P<name>\S+).*[Vv]isit: (?P<page>\S+)",
        "the authority has paused this account for {name}: its orders failed for too long",
        "mend what failed (`docker compose logs traefik`), then lift the pause at {page}, {then}",
    ),
    Rule(
        rf"{ACME}rateLimited :: (?P<why>.+)$",
        "the authority limits how much may be asked of it: {why}",
        f"{REHEARSE}; wait an hour, {{then}}",
    ),
    Rule(
        r"CAA record for (?P<at>\S+) prevents issuance",
        "the CAA record of {at} does not let this authority issue",
        'add one that names it (`0 issue "letsencrypt.org"` for Let\'s Encrypt), or take another authority:'
        " STACK_ACME_DIRECTORY in .env, {then}",
    ),
    Rule(
        r"While processing CAA for (?P<name>\S+): DNS problem: (?P<why>[^\]]+)",
        "the name servers of {name} do not answer for CAA records: {why}",
        "an answer without records is enough: a name server that gives none has to be mended or replaced, {then}",
    ),
    Rule(
        r"(?:Cannot issue for |forbidden by policy: )\"(?P<name>[^\"]+)\"(?:, problem: \S+ ::|:) (?P<why>.+)$",
        "the authority issues no certificate for {name}: {why}",
        "STACK_DOMAIN in .env: a public authority wants a name below a domain that you own; for others"
        " STACK_CERTIFICATES=local, {then}",
    ),
    Rule(
        rf"POST :: \S+ :: {ACME}(?:malformed|rejectedIdentifier|unsupportedIdentifier) :: (?P<why>.+)$",
        "the authority does not take {name} for a name: {why}",
        "STACK_DOMAIN in .env, {then}",
    ),
    Rule(
        rf"{ACME}(?:invalidContact|unsupportedContact) :: (?:Error creating new account :: )?(?P<why>.+)$",
        "the authority does not take the e-mail address: {why}",
        "STACK_ACME_EMAIL in .env: an address of yours, or nothing, {then}",
    ),
    Rule(
        rf"{ACME}externalAccountRequired",
        "the authority opens accounts only to those whom it gave a key (external account binding)",
        EAB,
    ),
    Rule(
        rf"{ACME}\w+ :: (?P<why>(?i:.*field 'kid'|.*external account).*)$",
        "the authority does not take the key of the external account: {why}",
        EAB,
    ),
    Rule(
        rf"{ACME}accountDoesNotExist|Account is not valid",
        "the authority does not know the account that Traefik keeps, or has closed it",
        f"a private authority that was set up anew has forgotten it, {FRESH}",
    ),
    Rule(
        rf"{ACME}badNonce",
        "the authority did not take a number used once, again and again",
        f"{PASSES}something between answers from a cache, which has to let the authority's answers through, {{then}}",
    ),
)
"""The authority does not take the order."""

CHALLENGE_RULES = (
    Rule(
        r"NXDOMAIN looking up A+ for (?P<name>[^\s;\]]+)",
        "the DNS does not know {name}",
        "an A record with this server's address, at whoever runs the zone; or STACK_DOMAIN in .env, if it is misspelt,"
        " {then}",
    ),
    Rule(
        r"could not resolve URL \"https?://(?P<name>[^:/\"]+)",
        "the authority finds no address for {name}",
        "an A record with this server's address, where the authority asks; or STACK_DOMAIN in .env, if it is misspelt,"
        " {then}",
    ),
    Rule(
        r"no valid A+ records found for (?P<name>[^\s;\]]+)",
        "{name} has no public address: neither A nor AAAA",
        "an A record with this server's address, at whoever runs the zone; a private address does not count, {then}",
    ),
    Rule(
        r"DNS problem: (?P<why>.*? for (?P<name>[^\s:;\]]+)[^;\]]*)",
        "the name servers of {name} do not answer well: {why}",
        f"{PASSES}whoever runs the zone has to mend it (DNSSEC: the DS record at the registrar), {{then}}",
    ),
    Rule(
        r"Cannot negotiate ALPN protocol|tls: no application protocol|for the tls-alpn-01 challenge"
        rf"|for tls-alpn-01 challenge|{ACME}tls ::|only speaks HTTP, not TLS",
        "the authority came to port 443 of {name}{at}, and it was not Traefik that answered",
        "port 443 of {name} has to reach this server as it is: a CDN or a proxy that ends TLS cannot pass this"
        " challenge on, and STACK_CHALLENGE=http in .env (or dns) can do without, {then}",
    ),
    Rule(
        r"(?:Invalid response from \S+:|Non-200 status code from HTTP: \S+ returned) (?P<answer>\d{3})\b",
        "the authority came to {name}{at}, and got {answer} where Traefik's token should be",
        THROUGH,
    ),
    Rule(
        r"Invalid response from (?P<page>\S+): \"|key authorization file from the server did not match",
        "the authority came to {name}{at}, and got another page where Traefik's token should be",
        THROUGH,
    ),
    Rule(
        r"During secondary validation: ",
        "the authority looks from several places in the world, and {name}{at} is not reached from all of them",
        "a firewall that lets some countries or addresses in only, or a name server that answers some only: port {port}"
        " has to be open to everybody, {then}",
    ),
    Rule(
        r"[Cc]onnection refused",
        "nothing listens on port {port} of {name}{at}",
        OPEN,
    ),
    Rule(
        r"Timeout during connect|Client\.Timeout exceeded while awaiting headers|i/o timeout",
        "no answer from port {port} of {name}{at}: a firewall, most likely",
        OPEN,
    ),
    Rule(
        r"[Nn]etwork (?:is )?unreachable|no route to host",
        "there is no way to {name}{at}",
        "the {record} record of {name} has to be this server's public address, and one that leads elsewhere has to go,"
        " {then}",
    ),
    Rule(
        rf"{ACME}connection :: (?:.*Fetching \S+: )?(?P<why>.*?)\]*$",
        "the authority reached {name}{at}, and got no whole answer: {why}",
        OPEN,
    ),
)
"""The authority does not find at the name what it asked for."""

RULES = (*STORAGE_RULES, *AUTHORITY_RULES, *ORDER_RULES, *PROVIDER_RULES, *CHALLENGE_RULES)
"""The first whose words are found counts: specific before general, and what stands in the way of others before them."""

PROBLEMS = re.compile(r"\] \[(?=[\w.*-]+: (?:invalid|dns01))")
"""Between one name's problem and the next one's, in a line about several."""
ANSWER = re.compile(r"(Invalid response from \S+: |\(got |!= )\".*", re.DOTALL)
"""Another server's page, which may contain any words."""
NAME = re.compile(r"([\w.*-]+): (?:invalid (?:authorization|challenge)|dns01):|for the domains \[([^\s\],]+)")
ADDRESS = re.compile(
    r":: (?:During secondary validation: )?([\da-f]*[.:][\da-f.:]*[\da-f]): "
    r"|(?:dial tcp|connect to) (?:\[([\da-f:]+)\]|([\d.]+)):\d"
)


def explain(lines: Iterable[str], challenge: str, project: str = "") -> Explanation | None:
    """Return why a certificate did not come, from what `lines` gave; None when it says nothing that is known.

    With the name of the project, what the hint says can be pasted.
    """
    found = find(lines)
    return _explanation(*found, challenge, project) if found else None


def find(lines: Iterable[str]) -> tuple[Rule, re.Match[str]] | None:
    """Return the first rule whose words are in any line, and where; of several places the last, which still holds."""
    kept = [ANSWER.sub(r'\1"', problem) for line in lines for problem in PROBLEMS.split(line)]
    found = ((rule, [match for line in kept if (match := re.search(rule.words, line))]) for rule in RULES)
    return next(((rule, places[-1]) for rule, places in found if places), None)


def lines(log: Iterable[Mapping[str, Any]], hosts: Collection[str] = ()) -> tuple[str, ...]:
    """Return what Traefik's log says about certificates that did not come: each message with its error, once.

    Given hosts, without what is about others: a shared proxy orders for several projects.
    """
    return tuple(dict.fromkeys(_line(entry) for entry in log if _tells(entry) and _concerns(entry, hosts)))


def _explanation(rule: Rule, match: re.Match[str], challenge: str, project: str) -> Explanation:
    groups = {name: text for name, text in match.groupdict().items() if text}
    facts = _facts(match, challenge) | _storage(groups.get("path", ""), project) | groups
    return Explanation(rule.cause.format_map(facts), rule.hint.format_map(facts))


def _storage(path: str, project: str) -> dict[str, str]:
    """Return where the storage is on this server; each authority has a file of its own in the volume."""
    return {"volume": f"{project or 'PROJECT'}_acme", "file": PurePosixPath(path).name}


def _facts(match: re.Match[str], challenge: str) -> dict[str, str]:
    """Return whom a line is about, and where the authority looked for it."""
    before, line = match.string[: match.end()], match.string
    names = [first or second for first, second in NAME.findall(before)]
    name = names[-1] if names else "the domain"
    found = ADDRESS.search(line)
    address = next(filter(None, found.groups()), "") if found else ""
    return {
        "name": name,
        "zone": name.removeprefix("*."),
        "at": f" at {address}" if address else "",
        "record": "AAAA" if ":" in address else "A",
        "port": "443" if challenge == "tls-alpn" else "80",
        "then": "then `stack up`",
    }


def _tells(entry: Mapping[str, Any]) -> bool:
    """Tell whether an entry is about ACME, a resolver that was left out, or one that is not there."""
    about = "acme" in str(entry.get("providerName", "")) or "resolver" in entry or "certificateResolver" in entry
    return about and entry.get("level") == "error"


def _concerns(entry: Mapping[str, Any], hosts: Collection[str]) -> bool:
    """Tell whether an entry is about one of these hosts, or about none in particular."""
    named = entry.get("domains") or ()
    return not hosts or not named or not set(hosts).isdisjoint(named)


def _line(entry: Mapping[str, Any]) -> str:
    why = entry.get("error") or entry.get("certificateResolver") or ""
    return f"{entry.get('message', '')}: {why}".strip(": ")
