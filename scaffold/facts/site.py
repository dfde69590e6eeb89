"""What a visitor meets: certificates, answers, and what Traefik wrote about them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .containers import EPOCH

LAST_WEEK = timedelta(days=7)
"""A certificate with less than this left should long have been renewed."""
TRIALS = "(STAGING)"
"""What the names of issuers begin with at Let's Encrypt's authority for trials, whose root nobody has."""
DEFAULT = "TRAEFIK DEFAULT CERT"
"""The name that Traefik gives itself in the certificate that it serves while it has no other."""
MISDIRECTED = 421
"""The status for a host that a connection is not for (RFC 9110, section 15.5.20)."""


@dataclass(frozen=True)
class Reply:
    """The answer to one request; without a status, why there was none."""

    url: str
    status: int = 0
    location: str = ""
    problem: str = ""
    by_proxy: bool = False
    """Whether it is Traefik's own "not found": it knows no container for that host."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Those of probe.HEADERS that it has, by their names in lower case."""

    @property
    def refused(self) -> bool:
        """Whether nobody behind the proxy was asked: there was no answer, or it was the proxy's own."""
        return self.by_proxy or self.status in {0, MISDIRECTED}


def covered(names: Collection[str], host: str) -> bool:
    """Tell whether a certificate with these names is for a host."""
    return host in names or f"*.{host.partition('.')[2]}" in names


@dataclass(frozen=True)
class Handshake:
    """A TLS handshake for one name."""

    names: tuple[str, ...] = ()
    issuer: str = ""
    not_after: datetime = EPOCH
    problem: str = ""
    """Why there was no handshake, or why a client that trusts the wanted authority refuses the chain; else empty."""
    not_before: datetime = EPOCH
    protocol: str = ""
    """What was agreed on to speak inside (RFC 7301): h2, http/1.1; empty for nothing."""

    @property
    def for_trials(self) -> bool:
        """Whether an authority for trials has signed it."""
        return self.issuer.startswith(TRIALS)

    @property
    def by_default(self) -> bool:
        """Whether it is the one that Traefik makes for itself."""
        return DEFAULT in self.issuer

    def names_host(self, host: str) -> bool:
        """Tell whether the certificate is for this host; `*` stands for one label (RFC 9525, section 6.3)."""
        return covered(self.names, host)

    def accepted_for(self, host: str) -> bool:
        """Tell whether a client accepts it for this host, now."""
        return not self.problem and self.names_host(host)

    def good_for(self, host: str, at: datetime) -> bool:
        """Tell whether a client accepts it for this host, now and at a moment."""
        return self.accepted_for(host) and self.not_after > at


@dataclass(frozen=True)
class Awaited:
    """What came of waiting for a certificate."""

    host: str
    seen: Handshake
    """What was served last."""
    complaints: tuple[str, ...] = ()
    """What Traefik wrote meanwhile about certificates that did not come."""

    @property
    def came(self) -> bool:
        """Whether it is there, and good."""
        return self.seen.accepted_for(self.host)


@dataclass(frozen=True)
class Complaint:
    """One error in Traefik's log."""

    at: datetime
    text: str
    about: str
    """What it is about: `orders` for certificates, `routers` for what labels and files say."""
    hosts: tuple[str, ...] = ()
    """Whose certificate it is about; empty for none in particular."""


@dataclass(frozen=True)
class Leaf:
    """The certificate of the local authority that lies in the project."""

    names: tuple[str, ...]
    not_after: datetime
    signed_by_us: bool

    def good_for(self, hosts: tuple[str, ...], at: datetime) -> bool:
        """Tell whether it names these hosts, is ours, and lasts beyond a moment."""
        return self.signed_by_us and set(hosts) <= set(self.names) and self.not_after > at


@dataclass(frozen=True)
class OwnFiles:
    """The user's own certificate and key, as they lie in the project."""

    names: tuple[str, ...] = ()
    issuer: str = ""
    not_before: datetime = EPOCH
    not_after: datetime = EPOCH
    """The server's certificate's."""
    alone: bool = False
    """Whether its authority's certificates do not follow it: whole, in order, not ended."""
    problem: str = ""
    """Why Traefik could not serve it; else empty."""

    def names_host(self, host: str) -> bool:
        """Tell whether the certificate is for this host, by the rule of a handshake."""
        return covered(self.names, host)


@dataclass(frozen=True)
class Sighting:
    """One marked request of ours, as Traefik wrote it down."""

    sent: str
    """The X-Forwarded-For that we forged; empty when we sent none."""
    client: str
    """Whom Traefik took for the client: what it tells the app in X-Forwarded-For."""
    peer: str
    """The address that the connection came from."""
    host: str = ""
    served: bool = True
    """Whether a container was asked, and not Traefik alone that answered."""
    at: str = ""
    """The public IPv6 address of this machine that it was sent to; empty where it went the usual way."""
