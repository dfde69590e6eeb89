"""Traefik's ACME storage: a JSON file with an account and certificates for each resolver (Traefik 3.7)."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from .facts import covered
from .project import WILDCARD

BROKEN = (ValueError, KeyError, TypeError, AttributeError)
"""What comes of a file that is none, or is cut short."""


def names(text: str, *, wildcards: bool = True) -> frozenset[str] | None:
    """Return the names that certificates in a storage are for; none of an empty one, None when it cannot be read.

    On demand only of those that have no wildcard among their names: it takes a record in DNS to renew one.
    """
    try:
        bodies = _document(text).values()
        return frozenset(
            name for body in bodies for one in _certificates(body, wildcards=wildcards) for name in _named(one)
        )
    except BROKEN:
        return None


def merged(mine: str, theirs: str, hosts: Collection[str], *, wildcards: bool = True) -> str:
    """Return the text of a storage with the certificates for some hosts that another one has, and it has none for.

    On demand only those without a wildcard. Where it has no account yet, the other's comes along. ValueError when
    either cannot be read.
    """
    try:
        document, other = _document(mine), _document(theirs)
        for resolver, body in other.items():
            own = document.setdefault(resolver, {"Account": None, "Certificates": None})
            own["Account"] = own.get("Account") or body.get("Account")
            present = _certificates(own)
            own["Certificates"] = [*present, *_further(present, _certificates(body, wildcards=wildcards), hosts)]
    except BROKEN as error:
        raise ValueError(f"no ACME storage of Traefik's: {error}") from error
    return json.dumps(document, indent=2)


def _further(own: Iterable[Any], others: Iterable[Any], hosts: Collection[str]) -> Iterator[Any]:
    known = {name for one in own for name in _named(one)}
    lacking = [host for host in hosts if not covered(known, host)]
    return (one for one in others if any(covered(_named(one), host) for host in lacking))


def _document(text: str) -> dict[str, Any]:
    document = json.loads(text) if text.strip() else {}
    if not isinstance(document, dict):
        raise TypeError("it is no JSON object")
    return document


def _certificates(body: Mapping[str, Any], *, wildcards: bool = True) -> list[Any]:
    found = body.get("Certificates") or ()
    return [one for one in found if not any(name.startswith(WILDCARD) for name in _named(one)) or wildcards]


def _named(certificate: Any) -> tuple[str, ...]:  # noqa: ANN401 - one of a JSON document
    domain = certificate["domain"]
    return (domain["main"], *(domain.get("sans") or ()))
