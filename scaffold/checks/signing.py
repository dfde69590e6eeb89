"""Whether an authority would sign: CAA records, the authority itself, and the time that both go by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from ..facts import Directory, Facts, Naming, Property, covered
from ..project import DIRECTORIES, DNS, HTTP, TLS_ALPN, WILDCARD, Project
from . import asked
from .verdict import Outcome, failed, passed, skipped, warned

SUSPECTED = "is this machine's clock right?"
"""What the probe asks when it finds a certificate of the authority expired, or not yet valid."""
METHODS = {HTTP: "http-01", TLS_ALPN: "tls-alpn-01", DNS: "dns-01"}
"""What RFC 8657 calls the challenges."""
LETS_ENCRYPT = ("letsencrypt.org",)
TAGS = {"issue", "issuewild", "iodef", "issuemail"}
"""Tags that authorities know (RFC 8659, section 4; RFC 9495)."""
SKEW_WARN, SKEW_FAIL = timedelta(seconds=30), timedelta(minutes=5)
UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


@dataclass(frozen=True)
class _Record:
    """One property that says who may sign (RFC 8659, sections 4.2 and 4.3)."""

    text: str
    authority: str
    """Empty: nobody."""
    parameters: Mapping[str, str]


def caa(project: Project, facts: Facts) -> Outcome:
    """No CAA record forbids the authority.

    An authority has to obey the record and refuses to sign. Add a record for it where the one named here stands, such
    as `0 issue "letsencrypt.org"`, or choose another authority; `validationmethods` in one must name the challenge.
    """
    if (unseen := asked.unseen(project, facts)) is not None:
        return unseen
    wrong: list[str] = []
    unknown: list[str] = []
    for naming in asked.namings(project, facts):
        forbidden, doubtful = _permission(naming, _identities(project, facts), METHODS.get(project.challenge, ""))
        wrong += forbidden
        unknown += doubtful
    allowed = [f"{one.host}: {_allowed(one)}" for one in asked.namings(project, facts)]
    return asked.weighed(wrong, [*unknown, *asked.silent(project, facts)], allowed)


def authority(project: Project, facts: Facts) -> Outcome:
    """The authority that signs certificates answers.

    No certificate can be ordered otherwise, and none renewed. Look at the server's way out (DNS, firewall, port 443),
    and at STACK_ACME_DIRECTORY and STACK_ACME_ROOT in .env when the authority is a private one.
    """
    if not project.ordered:
        return asked.unneeded(project)
    if facts.authority is None:
        return skipped(asked.UNSEEN)
    if facts.authority.problem:
        seen = f"{facts.authority.url}: {facts.authority.problem}"
        if (ahead := _misled(facts.authority)) is not None:
            return skipped(seen, f"host.clock says why: this machine's clock is {_offset(ahead)}")
        certified = all(covered(facts.certified or (), host) for host in project.hosts)
        return warned(seen) if certified else failed(seen)
    return passed(facts.authority.url)


def clock(_project: Project, facts: Facts) -> Outcome:
    """The clock is right.

    With a wrong one certificates seem expired or not yet valid, and authorities and logins refuse what is signed with
    the time. `timedatectl set-ntp true` lets the system keep it.
    """
    ahead = facts.authority.ahead if facts.authority else None
    if ahead is None:
        return skipped("nobody told the time")
    seen = _offset(ahead)
    if abs(ahead) > SKEW_FAIL:
        return failed(seen)
    return warned(seen) if abs(ahead) > SKEW_WARN else passed(seen)


# ------------------------------------------------------------------ CAA


def _identities(project: Project, facts: Facts) -> tuple[str, ...]:
    """Return the names that records may allow the wanted authority by; none when nobody knows."""
    told = facts.authority.identities if facts.authority else ()
    return told or (LETS_ENCRYPT if project.acme_directory in DIRECTORIES.values() else ())


def _allowed(naming: Naming) -> str:
    if not naming.caa:
        return "no CAA record"
    return f"{', '.join(map(_written, naming.caa))} at {naming.caa_at}"


def _permission(naming: Naming, identities: Sequence[str], method: str) -> tuple[list[str], list[str]]:
    """Return what forbids a certificate for a name, and what may forbid it and cannot be told from here."""
    if naming.caa_problem:
        return [], [f"{naming.host}: {naming.caa_problem}; an authority without an answer does not sign"]
    if strange := [one for one in naming.caa if one.critical and one.tag not in TAGS]:
        return [_standing(naming, _written(one), "is critical and unknown: nobody signs") for one in strange], []
    records = _records(naming)
    named = [one for one in records if one.authority and (not identities or one.authority in identities)]
    able = [one for one in named if _by(one, method)]
    if records and not named:
        who = " or ".join(identities) or "every authority"
        return [_standing(naming, one.text, f"forbids {who}") for one in records], []
    if not identities or any("accounturi" not in one.parameters for one in able):
        return [], []
    forbidden = [] if able else [_standing(naming, one.text, f"forbids the challenge {method}") for one in named]
    return forbidden, [_standing(naming, one.text, "allows one account only, which may be another") for one in able]


def _standing(naming: Naming, record: str, why: str) -> str:
    return f"{naming.host}: {record} at {naming.caa_at} {why}"


def _records(naming: Naming) -> tuple[_Record, ...]:
    """Return the properties that hold for a name: `issuewild` takes the place of `issue` for a wildcard."""
    wild = [one for one in naming.caa if one.tag == "issuewild"] if naming.host.startswith(WILDCARD) else []
    return tuple(map(_parsed, wild or [one for one in naming.caa if one.tag == "issue"]))


def _parsed(one: Property) -> _Record:
    authority, *rest = (part.strip() for part in one.value.split(";"))
    pairs = (part.partition("=") for part in rest if part)
    return _Record(
        _written(one), authority.lower().rstrip("."), {key.strip().lower(): value.strip() for key, _, value in pairs}
    )


def _written(one: Property) -> str:
    return f'CAA {128 if one.critical else 0} {one.tag} "{one.value}"'


def _by(record: _Record, method: str) -> bool:
    """Tell whether a record allows this challenge (RFC 8657, section 4)."""
    methods = record.parameters.get("validationmethods")
    return methods is None or method in {one.strip() for one in methods.split(",")}


# ------------------------------------------------------------------ the clock


def _misled(directory: Directory) -> timedelta | None:
    """Return how far our clock is ahead where that is why the authority's certificate was refused; else None."""
    ahead = directory.ahead
    if ahead is None or abs(ahead) <= SKEW_FAIL or SUSPECTED not in directory.problem:
        return None
    # A clock that is ahead finds certificates expired, one that is behind finds them not yet valid.
    return ahead if (ahead < timedelta()) == ("not yet valid" in directory.problem) else None


def _offset(ahead: timedelta) -> str:
    """Return an offset in words: `12 minutes ahead of the authority's`."""
    seconds = round(abs(ahead).total_seconds())
    if not seconds:
        return "the same as the authority's"
    # Two of the larger unit before it is used: 90 seconds, but 2 minutes.
    unit, length = next((unit, length) for unit, length in UNITS if seconds >= 2 * length or length == 1)
    number = seconds // length
    return (
        f"{number} {unit}{'' if number == 1 else 's'} {'ahead of' if ahead > timedelta() else 'behind'} the authority's"
    )
