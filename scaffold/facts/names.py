"""What DNS and the authority say."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Property:
    """One property of a CAA record set (RFC 8659, section 4)."""

    tag: str
    value: str
    critical: bool = False
    """Whether an authority that does not know the tag must not sign."""


@dataclass(frozen=True)
class Naming:
    """One name of the project, as DNS has it."""

    host: str
    zone: str = ""
    own: tuple[str, ...] | None = None
    """The addresses that the zone's own servers give, IPv4 first; None when they could not be asked."""
    public: tuple[str, ...] = ()
    """The addresses that the public resolver gives, IPv4 first."""
    exists: bool = True
    """Whether the name is known at all; one that is may still have no address."""
    caa: tuple[Property, ...] = ()
    caa_at: str = ""
    """The name that these properties were found at: the host, one above it, or one it is an alias of."""
    caa_problem: str = ""
    """Why nobody said whether there is a CAA record; an authority that gets no answer does not sign either."""
    problem: str = ""
    """Why nobody could be asked at all; else empty."""

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses that hold: the zone's own servers know them first."""
        return self.public if self.own is None else self.own


@dataclass(frozen=True)
class Directory:
    """The directory of an ACME authority, as it was fetched."""

    url: str
    problem: str = ""
    identities: tuple[str, ...] = ()
    """The names by which CAA records allow this authority (RFC 8555, section 9.7.6)."""
    ahead: timedelta | None = None
    """Our clock minus the authority's; None when it told no time."""
