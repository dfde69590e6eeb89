"""What is said about lines of Traefik's log: all are Traefik 3.7.15's own, from runs on a network without a way out.

What Traefik talked to is said with each: Pebble 2.10 with pebble-challtestsrv, nobody at all, or an ACME server
imitated for what Pebble cannot do, which answers with problem documents and issues nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from scaffold import orders

TRAEFIK = "Traefik alone"
PEBBLE = "Pebble"
BOULDER = "an ACME server imitated, in Boulder's words (letsencrypt/boulder at 2d00c8e: ratelimits, policy, va, wfe2)"
IMITATED = "an ACME server imitated"


@dataclass(frozen=True)
class Case:
    """One line, how it came about, and words of what is said about it."""

    why: str
    done: str
    by: str
    challenge: str
    line: str
    cause: str
    hint: str


CASES = [
    Case(
        "storage that others may read",
        "acme.json with mode 644 in the volume",
        TRAEFIK,
        "http",
        (
            "The ACME resolve is skipped from the resolvers list: unable to get ACME account: "
            "permissions 644 for /tmp/acme.json are too open, please use 600"
        ),
        "/tmp/acme.json has mode 644",
        "chmod 600",
    ),
    Case(
        "storage of another user",
        "acme.json of root, mode 600",
        TRAEFIK,
        "http",
        (
            "The ACME resolve is skipped from the resolvers list: unable to get ACME account: open "
            "/tmp/acme.json: permission denied"
        ),
        "may not open its storage, /tmp/acme.json",
        "chown -R 65532:65532",
    ),
    Case(
        "folder of another user",
        "a folder of root's in its place",
        TRAEFIK,
        "http",
        (
            "The ACME resolve is skipped from the resolvers list: unable to get ACME account: open "
            "/tmp/acme.json: permission denied"
        ),
        "may not open its storage",
        "demo_acme",
    ),
    Case(
        "storage that is read-only",
        "no volume, on a read-only root",
        TRAEFIK,
        "http",
        (
            "The ACME resolve is skipped from the resolvers list: unable to get ACME account: open "
            "/tmp/acme.json: read-only file system"
        ),
        "/tmp/acme.json lies on a disk that is read-only",
        "compose.proxy.yaml",
    ),
    Case(
        "full disk",
        "a tmpfs of 4 KiB",
        TRAEFIK,
        "http",
        "write /tmp/acme.json: no space left on device",
        "could not write /tmp/acme.json",
        "docker system df",
    ),
    Case(
        "storage cut short",
        "acme.json holding `{half`",
        TRAEFIK,
        "http",
        (
            "The ACME resolve is skipped from the resolvers list: unable to get ACME account: "
            "invalid character 'h' looking for beginning of object key string"
        ),
        "cannot read its storage: invalid character",
        "docker volume rm demo_acme",
    ),
    Case(
        "resolver of another name",
        "an entry point with certResolver letsencrypt",
        TRAEFIK,
        "http",
        "Router uses a nonexistent certificate resolver: letsencrypt",
        "the certificate resolver letsencrypt,",
        "STACK_CERTIFICATES",
    ),
    Case(
        "private authority without its root",
        "its root withheld",
        PEBBLE,
        "http",
        (
            "Unable to obtain ACME certificate for domains: cannot get ACME client get directory at "
            "'https://10.213.7.3:14000/dir': unable to communicate with the API server: error: Get "
            '"https://10.213.7.3:14000/dir": tls: failed to verify certificate: x509: certificate '
            "signed by unknown authority"
        ),
        "does not trust the authority at https://10.213.7.3:14000/dir",
        "STACK_ACME_ROOT",
    ),
    Case(
        "authority by a name not its own",
        "addressed by a name that its certificate lacks",
        PEBBLE,
        "http",
        (
            "Unable to obtain ACME certificate for domains: cannot get ACME client get directory at "
            "'https://acme2.test:14000/dir': unable to communicate with the API server: error: Get "
            '"https://acme2.test:14000/dir": tls: failed to verify certificate: x509: certificate is '
            "valid for acme.test, localhost, not acme2.test"
        ),
        "addressed as acme2.test, and its TLS certificate is for acme.test, localhost",
        "STACK_ACME_DIRECTORY",
    ),
    Case(
        "clock, or a certificate run out",
        "an authority whose TLS certificate had expired",
        TRAEFIK,
        "http",
        (
            "Unable to obtain ACME certificate for domains: cannot get ACME client get directory at "
            "'https://10.213.7.8:14000/dir': unable to communicate with the API server: error: Get "
            '"https://10.213.7.8:14000/dir": tls: failed to verify certificate: x509: certificate '
            "has expired or is not yet valid: current time 2026-11-22T12:12:15Z is after "
            "2026-11-01T00:00:00Z"
        ),
        "at the time of this server, 2026-11-22T12:12:15Z: that is after 2026-11-01",
        "date -u",
    ),
    Case(
        "authority that is not in the DNS",
        "a name server that answers NXDOMAIN",
        TRAEFIK,
        "http",
        (
            "Unable to obtain ACME certificate for domains: cannot get ACME client get directory at "
            "'https://acme.nowhere.test/dir': unable to communicate with the API server: error: Get "
            '"https://acme.nowhere.test/dir": dial tcp: lookup acme.nowhere.test on 10.213.7.7:53: '
            "no such host"
        ),
        "knows no authority acme.nowhere.test",
        "STACK_ACME_DIRECTORY",
    ),
    Case(
        "name server in trouble",
        "a name server that answers SERVFAIL",
        TRAEFIK,
        "http",
        (
            "Unable to obtain ACME certificate for domains: cannot get ACME client get directory at "
            "'https://acme.servfail.test/dir': unable to communicate with the API server: error: Get "
            '"https://acme.servfail.test/dir": dial tcp: lookup acme.servfail.test on 10.213.7.7:53: '
            "server misbehaving"
        ),
        "cannot look acme.servfail.test up: server misbehaving",
        "/etc/resolv.conf",
    ),
    Case(
        "no name server",
        "nothing at the name server's address",
        TRAEFIK,
        "http",
        (
            "Unable to obtain ACME certificate for domains: cannot get ACME client get directory at "
            "'https://acme.test:14000/dir': unable to communicate with the API server: error: Get "
            '"https://acme.test:14000/dir": dial tcp: lookup acme.test on 10.213.7.97:53: read udp '
            "10.213.7.4:33973->10.213.7.97:53: i/o timeout"
        ),
        "cannot look acme.test up: i/o timeout",
        "/etc/resolv.conf",
    ),
    Case(
        "authority that is off",
        "nothing at the directory's port",
        TRAEFIK,
        "http",
        (
            "Unable to obtain ACME certificate for domains: cannot get ACME client get directory at "
            "'https://10.213.7.5:14000/dir': unable to communicate with the API server: error: Get "
            '"https://10.213.7.5:14000/dir": dial tcp 10.213.7.5:14000: connect: connection refused'
        ),
        "at https://10.213.7.5:14000/dir: dial tcp 10.213.7.5:14000: connect: connection refused",
        "it may pass by itself",
    ),
    Case(
        "authority without a way to it",
        "nobody at the directory's address",
        TRAEFIK,
        "http",
        (
            "Unable to obtain ACME certificate for domains: cannot get ACME client get directory at "
            "'https://10.213.7.98/dir': unable to communicate with the API server: error: Get "
            '"https://10.213.7.98/dir": dial tcp 10.213.7.98:443: connect: no route to host'
        ),
        "connect: no route to host",
        "whether this server may reach it",
    ),
    Case(
        "authority behind a wall",
        "a port whose backlog is full: packets are dropped",
        TRAEFIK,
        "http",
        (
            "Unable to obtain ACME certificate for domains: cannot get ACME client get directory at "
            "'https://10.213.7.5:81/dir': unable to communicate with the API server: error: Get "
            '"https://10.213.7.5:81/dir": dial tcp 10.213.7.5:81: i/o timeout'
        ),
        "10.213.7.5:81: i/o timeout",
        "whether this server may reach it",
    ),
    Case(
        "authority without TLS",
        "https to a port that speaks HTTP",
        TRAEFIK,
        "http",
        (
            "Unable to obtain ACME certificate for domains: cannot get ACME client get directory at "
            "'https://10.213.7.5:80/dir': unable to communicate with the API server: error: Get "
            '"https://10.213.7.5:80/dir": http: server gave HTTP response to HTTPS client'
        ),
        "no ACME directory at https://10.213.7.5:80/dir",
        "with its path",
    ),
    Case(
        "wrong path",
        "a directory that answers 404",
        TRAEFIK,
        "http",
        (
            "Unable to obtain ACME certificate for domains: cannot get ACME client get directory at "
            "'https://10.213.7.6:14000/notacme/dir': 404 ::GET :: "
            "https://10.213.7.6:14000/notacme/dir :: invalid character 'p' after top-level value :: "
            "404 page not found\n"
        ),
        "no ACME directory at",
        "with its path",
    ),
    Case(
        "page in place of a directory",
        "a directory that is an HTML page",
        TRAEFIK,
        "http",
        (
            "Unable to obtain ACME certificate for domains: cannot get ACME client get directory at "
            "'https://10.213.7.6:14000/page/dir': unable to unmarshal response: [status code: 200] "
            "body: <html>hello</html> error: invalid character '<' looking for beginning of value"
        ),
        "no ACME directory at",
        "/directory",
    ),
    Case(
        "maintenance",
        "503 for the directory; its words in github.com/traefik/traefik/issues/1334",
        IMITATED,
        "http",
        (
            "Unable to obtain ACME certificate for domains: cannot get ACME client get directory at "
            "'https://10.213.7.6:14000/down/dir': acme: error: 503 :: GET :: "
            "https://10.213.7.6:14000/down/dir :: urn:acme:error:serverInternal :: The service is "
            "down for maintenance or had an internal error. Check https://letsencrypt.status.io/ for "
            "more details."
        ),
        "in trouble",
        "some minutes",
    ),
    Case(
        "overload",
        "503 for newOrder; its words in community.letsencrypt.org/t/184174",
        IMITATED,
        "http",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [busy.test]: acme: error: 503 :: POST :: https://10.213.7.6:14000/busy/order :: "
            "urn:ietf:params:acme:error:rateLimited :: Service busy; retry later."
        ),
        "in trouble",
        "some minutes",
    ),
    Case(
        "authority's own mistake",
        "500 for newOrder",
        BOULDER,
        "http",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [internal.test]: acme: error: 500 :: POST :: "
            "https://10.213.7.6:14000/internal/order :: urn:ietf:params:acme:error:serverInternal :: "
            "Error creating new order"
        ),
        "in trouble",
        "some minutes",
    ),
    Case(
        "authority's front in trouble",
        "503 with an HTML page for newOrder",
        TRAEFIK,
        "http",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [html503.test]: 503 ::POST :: https://10.213.7.6:14000/html503/order :: invalid "
            "character '<' looking for beginning of value :: <html><head><title>503 Service "
            "Temporarily Unavailable</title></head></html>"
        ),
        "in trouble",
        "some minutes",
    ),
    Case(
        "failed too often",
        "429 for newOrder",
        BOULDER,
        "http",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [rl-failed.test]: acme: error: 429 :: POST :: "
            "https://10.213.7.6:14000/rl-failed/order :: urn:ietf:params:acme:error:rateLimited :: "
            'too many failed authorizations (5) for "rl-failed.test" in the last 1h0m0s, retry after '
            "2026-11-22 12:47:12 UTC: see "
            "https://letsencrypt.org/docs/rate-limits/#authorization-failures-per-identifier-per-acco"
            "unt"
        ),
        (
            "5 orders for rl-failed.test failed within 1 h, and the authority takes no other before "
            "2026-11-22 12:47:12 UTC"
        ),
        "mend that, wait until 2026-11-22 12:47:12 UTC",
    ),
    Case(
        "the same names too often",
        "429 for newOrder",
        BOULDER,
        "http",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [rl-exact.test]: acme: error: 429 :: POST :: "
            "https://10.213.7.6:14000/rl-exact/order :: urn:ietf:params:acme:error:rateLimited :: "
            "too many certificates (5) already issued for this exact set of identifiers in the last "
            "168h0m0s, retry after 2026-11-24 21:36:00 UTC: see "
            "https://letsencrypt.org/docs/rate-limits/#new-certificates-per-exact-set-of-identifiers"
        ),
        ("issued 5 certificates for these very names within 168 h, and no other before 2026-11-24 21:36:00 UTC"),
        "volume demo_acme",
    ),
    Case(
        "one domain too often",
        "429 for newOrder",
        BOULDER,
        "http",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [rl-domain.test]: acme: error: 429 :: POST :: "
            "https://10.213.7.6:14000/rl-domain/order :: urn:ietf:params:acme:error:rateLimited :: "
            'too many certificates (50) already issued for "rl-domain.test" in the last 168h0m0s, '
            "retry after 2026-11-22 15:57:36 UTC: see "
            "https://letsencrypt.org/docs/rate-limits/#new-certificates-per-registered-domain"
        ),
        "50 certificates below rl-domain.test within 168 h, and no other before 2026-11-22 15:57:36 UTC",
        "wait until 2026-11-22 15:57:36 UTC",
    ),
    Case(
        "too many orders",
        "429 for newOrder",
        BOULDER,
        "http",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [rl-orders.test]: acme: error: 429 :: POST :: "
            "https://10.213.7.6:14000/rl-orders/order :: urn:ietf:params:acme:error:rateLimited :: "
            "too many new orders (300) from this account in the last 3h0m0s, retry after 2026-11-22 "
            "12:37:36 UTC: see https://letsencrypt.org/docs/rate-limits/#new-orders-per-account"
        ),
        ("too many orders from this account within 3 h: the authority takes no other before 2026-11-22 12:37:36 UTC"),
        "stop whatever orders",
    ),
    Case(
        "too many accounts",
        "429 for newAccount",
        BOULDER,
        "http",
        (
            "Unable to obtain ACME certificate for domains: cannot get ACME client acme: error: 429 "
            ":: POST :: https://10.213.7.6:14000/rl-regs/account :: "
            "urn:ietf:params:acme:error:rateLimited :: too many new registrations (10) from this IP "
            "address in the last 3h0m0s, retry after 2026-11-22 12:55:00 UTC: see "
            "https://letsencrypt.org/docs/rate-limits/#new-registrations-per-ip-address"
        ),
        "too many registrations from this IP address within 3 h",
        "STACK_CERTIFICATES=staging",
    ),
    Case(
        "paused account",
        "429 for newOrder",
        BOULDER,
        "http",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [paused.test]: acme: error: 429 :: POST :: "
            "https://10.213.7.6:14000/paused/order :: urn:ietf:params:acme:error:rateLimited :: Your "
            "account is temporarily prevented from requesting certificates for paused.test and "
            "possibly others. Please visit: https://unpause.example.test/x"
        ),
        "paused this account for paused.test",
        "https://unpause.example.test/x",
    ),
    Case(
        "limit of another authority",
        "429 for newOrder, in words of our own: RFC 8555, section 6.6, leaves them open",
        IMITATED,
        "http",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [rl-bare.test]: acme: error: 429 :: POST :: "
            "https://10.213.7.6:14000/rl-bare/order :: urn:ietf:params:acme:error:rateLimited :: "
            "Rate limit for '/acme/new-order' reached"
        ),
        "Rate limit for '/acme/new-order' reached",
        "wait an hour",
    ),
    Case(
        "CAA forbids",
        "an authorization that became invalid",
        BOULDER,
        "http",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [caa-check.test]: resolver: one or more domains had a problem: [caa-check.test: "
            "invalid authorization: acme: error: 403 :: urn:ietf:params:acme:error:caa :: While "
            "processing CAA for caa-check.test: CAA record for caa-check.test prevents issuance]"
        ),
        "CAA record of caa-check.test does not let",
        "letsencrypt.org",
    ),
    Case(
        "CAA forbids, at the order",
        "403 for newOrder",
        BOULDER,
        "http",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [caa.test]: acme: error: 403 :: POST :: https://10.213.7.6:14000/caa/order :: "
            "urn:ietf:params:acme:error:caa :: Error creating new order :: While processing CAA for "
            "caa.test: CAA record for caa.test prevents issuance"
        ),
        "CAA record of caa.test does not let",
        "STACK_ACME_DIRECTORY",
    ),
    Case(
        "CAA cannot be asked",
        "an authorization that became invalid",
        BOULDER,
        "http",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [caa-dns.test]: resolver: one or more domains had a problem: [caa-dns.test: "
            "invalid authorization: acme: error: 400 :: urn:ietf:params:acme:error:dns :: While "
            "processing CAA for caa-dns.test: DNS problem: SERVFAIL looking up CAA for caa-dns.test "
            "- the domain's nameservers may be malfunctioning]"
        ),
        "name servers of caa-dns.test do not answer for CAA",
        "an answer without records is enough",
    ),
    Case(
        "name that is forbidden",
        "a name on its domainBlocklist",
        PEBBLE,
        "http",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [blocked-domain.test]: acme: error: 400 :: POST :: "
            "https://10.213.7.3:14000/order-plz :: urn:ietf:params:acme:error:rejectedIdentifier :: "
            "Order included an identifier for which issuance is forbidden by policy: "
            '"blocked-domain.test", problem: "urn:ietf:params:acme:error:rejectedIdentifier" :: '
            "blocked-domain.test is a forbidden domain"
        ),
        "no certificate for blocked-domain.test: blocked-domain.test is a forbidden domain",
        "STACK_DOMAIN",
    ),
    Case(
        "name that is forbidden, by Boulder",
        "400 for newOrder",
        BOULDER,
        "http",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [policy.test]: acme: error: 400 :: POST :: "
            "https://10.213.7.6:14000/policy/order :: urn:ietf:params:acme:error:rejectedIdentifier "
            ':: Invalid identifiers requested :: Cannot issue for "policy.test": The ACME server '
            "refuses to issue a certificate for this domain name, because it is forbidden by policy"
        ),
        "no certificate for policy.test: The ACME server refuses",
        "STACK_DOMAIN",
    ),
    Case(
        "name that nobody can own",
        "400 for newOrder",
        BOULDER,
        "http",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [suffix.test]: acme: error: 400 :: POST :: "
            "https://10.213.7.6:14000/suffix/order :: urn:ietf:params:acme:error:rejectedIdentifier "
            ':: Invalid identifiers requested :: Cannot issue for "suffix.test": Domain name does '
            "not end with a valid public suffix (TLD)"
        ),
        "valid public suffix",
        "STACK_CERTIFICATES=local",
    ),
    Case(
        "name with an underscore",
        "Host(`under_score.test`)",
        PEBBLE,
        "http",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [under_score.test]: acme: error: 400 :: POST :: "
            "https://10.213.7.3:14000/order-plz :: urn:ietf:params:acme:error:malformed :: Order "
            "included DNS identifier with a value containing an illegal character: '_'"
        ),
        "does not take under_score.test for a name",
        "STACK_DOMAIN",
    ),
    Case(
        "e-mail that is none",
        "e-mail `not an address`",
        PEBBLE,
        "http",
        (
            "Unable to obtain ACME certificate for domains: cannot get ACME client acme: error: 400 "
            ":: POST :: https://10.213.7.3:14000/sign-me-up :: "
            'urn:ietf:params:acme:error:invalidContact :: contact email "not an address" is invalid'
        ),
        'contact email "not an address" is invalid',
        "STACK_ACME_EMAIL",
    ),
    Case(
        "e-mail of an example",
        "400 for newAccount",
        BOULDER,
        "http",
        (
            "Unable to obtain ACME certificate for domains: cannot get ACME client acme: error: 400 "
            ":: POST :: https://10.213.7.6:14000/mail/account :: "
            "urn:ietf:params:acme:error:invalidContact :: Error creating new account :: contact "
            'email has forbidden domain "example.com"'
        ),
        'e-mail address: contact email has forbidden domain "example.com"',
        "STACK_ACME_EMAIL",
    ),
    Case(
        "external account wanted",
        "externalAccountBindingRequired",
        PEBBLE,
        "http",
        (
            "Unable to obtain ACME certificate for domains: cannot get ACME client acme: error: 403 "
            ":: POST :: https://10.213.7.13:14000/sign-me-up :: "
            "urn:ietf:params:acme:error:externalAccountRequired :: ACME server policy requires "
            "newAccount requests must include a value for the 'externalAccountBinding' field"
        ),
        "external account binding",
        "TRAEFIK_CERTIFICATESRESOLVERS_ACME_ACME_EAB_KID",
    ),
    Case(
        "external account unknown",
        "a key's id that it does not have",
        PEBBLE,
        "http",
        (
            "Unable to obtain ACME certificate for domains: cannot get ACME client acme: error: 403 "
            ":: POST :: https://10.213.7.13:14000/sign-me-up :: "
            "urn:ietf:params:acme:error:unauthorized :: the field 'kid' references a key that is not "
            "known to the ACME server"
        ),
        "field 'kid' references a key that is not known",
        "EAB_HMACENCODED",
    ),
    Case(
        "external account, wrong key",
        "another key for its id",
        PEBBLE,
        "http",
        (
            "Unable to obtain ACME certificate for domains: cannot get ACME client acme: error: 403 "
            ":: POST :: https://10.213.7.13:14000/sign-me-up :: "
            "urn:ietf:params:acme:error:unauthorized :: external account binding JWS verification "
            "error: go-jose/go-jose: error in cryptographic primitive"
        ),
        "JWS verification error",
        "secrets/traefik.env",
    ),
    Case(
        "account forgotten",
        "started anew, so that it forgot its accounts",
        PEBBLE,
        "http",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [acc2.test]: acme: error: 400 :: POST :: https://10.213.7.3:14000/order-plz :: "
            "urn:ietf:params:acme:error:accountDoesNotExist :: Account "
            "https://10.213.7.3:14000/my-account/1d95fac489b9b650 not found."
        ),
        "does not know the account",
        "docker volume rm demo_acme",
    ),
    Case(
        "account closed",
        "403 for newOrder",
        BOULDER,
        "http",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [deact.test]: acme: error: 403 :: POST :: https://10.213.7.6:14000/deact/order "
            ":: urn:ietf:params:acme:error:unauthorized :: Account is not valid, has status "
            '"deactivated"'
        ),
        "or has closed it",
        "docker volume rm demo_acme",
    ),
    Case(
        "nonces never taken",
        "PEBBLE_WFE_NONCEREJECT=100",
        PEBBLE,
        "http",
        (
            "Unable to obtain ACME certificate for domains: cannot get ACME client acme: error: 400 "
            ":: POST :: https://10.213.7.14:14000/sign-me-up :: urn:ietf:params:acme:error:badNonce "
            ":: JWS has an invalid anti-replay nonce: ATrgSxcq5Q0QclOaQ6ANUA"
        ),
        "used once",
        "cache",
    ),
    Case(
        "DNS provider misspelt",
        "provider nosuch",
        PEBBLE,
        "dns",
        ("Unable to obtain ACME certificate for domains: cannot get ACME client unrecognized DNS provider: nosuch"),
        "no DNS provider of the name nosuch",
        "STACK_DNS_PROVIDER",
    ),
    Case(
        "DNS provider without its token",
        "provider hetzner without variables",
        PEBBLE,
        "dns",
        (
            "Unable to obtain ACME certificate for domains: cannot get ACME client hetzner: some "
            "credentials information are missing: HETZNER_API_TOKEN"
        ),
        "hetzner gets no credentials: it wants HETZNER_API_TOKEN",
        "stack secret set HETZNER_API_TOKEN --proxy",
    ),
    Case(
        "DNS provider with two kinds of tokens",
        "provider cloudflare without variables",
        PEBBLE,
        "dns",
        (
            "Unable to obtain ACME certificate for domains: cannot get ACME client cloudflare: some "
            "credentials information are missing: CLOUDFLARE_EMAIL,CLOUDFLARE_API_KEY or some "
            "credentials information are missing: CLOUDFLARE_DNS_API_TOKEN,CLOUDFLARE_ZONE_API_TOKEN"
        ),
        "cloudflare gets no credentials: it wants CLOUDFLARE_DNS_API_TOKEN",
        "stack secret set CLOUDFLARE_DNS_API_TOKEN --proxy",
    ),
    Case(
        "DNS provider refuses the token",
        "provider cloudflare, its API imitated: 403 and error 9109",
        PEBBLE,
        "dns",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [n6.zone.test]: resolver: one or more domains had a problem: [n6.zone.test: "
            "dns01: error presenting token (n6.zone.test): cloudflare: failed to find zone "
            "zone.test.: [status code 403] 9109: Invalid access token]"
        ),
        (
            "cloudflare refuses the credentials: failed to find zone zone.test.: [status code 403] 9109: "
            "Invalid access token"
        ),
        "stack secret set NAME --proxy",
    ),
    Case(
        "DNS provider refuses the password",
        "provider httpreq, its endpoint answering 401",
        PEBBLE,
        "dns",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [n5.zone.test]: resolver: one or more domains had a problem: [n5.zone.test: "
            "dns01: error presenting token (n5.zone.test): httpreq: unexpected status code: [status "
            'code: 401] body: {"error":"unauthorized"}]'
        ),
        "httpreq refuses the credentials",
        "stack secret set NAME --proxy",
    ),
    Case(
        "DNS provider that is off",
        "provider httpreq, nothing at its endpoint",
        PEBBLE,
        "dns",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [n4.zone.test]: resolver: one or more domains had a problem: [n4.zone.test: "
            "dns01: error presenting token (n4.zone.test): httpreq: unable to communicate with the "
            'API server: error: Post "http://10.213.7.5:8081/present": dial tcp 10.213.7.5:8081: '
            "connect: connection refused]"
        ),
        "does not reach the DNS provider httpreq: dial tcp 10.213.7.5:8081: connect: connection refused",
        "secrets/traefik.env",
    ),
    Case(
        "DNS provider that cannot be looked up",
        "provider hetzner, a name server that answers NXDOMAIN",
        PEBBLE,
        "dns",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [n12.zone.test]: resolver: one or more domains had a problem: [n12.zone.test: "
            "dns01: error presenting token (n12.zone.test): hetzner: add RRSet records: unable to "
            "communicate with the API server: error: Post "
            '"https://api.hetzner.cloud/v1/zones/zone.test/rrsets/_acme-challenge.n12/TXT/actions/add'
            '_records": dial tcp: lookup api.hetzner.cloud on 10.213.7.7:53: no such host]'
        ),
        "lookup api.hetzner.cloud on 10.213.7.7:53: no such host",
        "secrets/traefik.env",
    ),
    Case(
        "no zone in the DNS",
        "provider cloudflare, NXDOMAIN up to the root",
        PEBBLE,
        "dns",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [n7.test]: resolver: one or more domains had a problem: [n7.test: dns01: error "
            'presenting token (n7.test): cloudflare: could not find zone for domain "n7.test": '
            "[fqdn=_acme-challenge.n7.test.] could not find the start of authority for "
            "'_acme-challenge.n7.test.' [question='test. IN  SOA', code=NXDOMAIN]]"
        ),
        "no zone for n7.test",
        "dig NS",
    ),
    Case(
        "no zone at the provider",
        "provider cloudflare, its API imitated: no zones",
        PEBBLE,
        "dns",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [m2.zone.test]: resolver: one or more domains had a problem: [m2.zone.test: "
            "dns01: error presenting token (m2.zone.test): cloudflare: failed to find zone "
            "zone.test.: zone could not be found]"
        ),
        "cloudflare did not set the record: failed to find zone zone.test.: zone could not be found",
        "STACK_DNS_PROVIDER",
    ),
    Case(
        "DNS provider in trouble",
        "provider httpreq, its endpoint answering 500",
        PEBBLE,
        "dns",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [m3.zone.test]: resolver: one or more domains had a problem: [m3.zone.test: "
            "dns01: error presenting token (m3.zone.test): httpreq: unexpected status code: [status "
            "code: 500] body: oops]"
        ),
        "httpreq did not set the record: unexpected status code: [status code: 500] body: oops",
        "STACK_DNS_PROVIDER",
    ),
    Case(
        "record that does not show",
        "provider httpreq, a name server without the record",
        PEBBLE,
        "dns",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [n11.zone.test]: resolver: one or more domains had a problem: [n11.zone.test: "
            "dns01: time limit exceeded: last error: authoritative nameservers: NS ns.zone.test.:53 "
            "did not return the expected TXT record [fqdn: _acme-challenge.n11.zone.test., value: "
            "dtdtRXFxPjqeGg0G46QHZDn5ldsuR9z0_ihVXy1A6wg]: ]"
        ),
        (
            "record for n11.zone.test was set, and its name servers do not show it yet: NS ns.zone.test.:53 "
            "did not return the expected TXT record"
        ),
        "dig TXT _acme-challenge.n11.zone.test",
    ),
    Case(
        "name server that cannot be looked up",
        "provider httpreq, a zone whose name server has no address",
        PEBBLE,
        "dns",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [n8.zone.test]: resolver: one or more domains had a problem: [n8.zone.test: "
            "dns01: time limit exceeded: last error: authoritative nameservers: DNS call error: dial "
            "udp: lookup ns.zone.test. on 10.213.7.2:53: lame referral [ns=ns.zone.test.:53, "
            "question='_acme-challenge.n8.zone.test. IN  TXT']]"
        ),
        "its name servers do not show it yet: DNS call error",
        "STACK_DNS_PROVIDER",
    ),
    Case(
        "no record",
        "provider httpreq that does nothing, propagation unchecked",
        PEBBLE,
        "dns",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [n9.zone.test]: resolver: one or more domains had a problem: [n9.zone.test: "
            "invalid authorization: acme: error: 403 :: urn:ietf:params:acme:error:unauthorized :: "
            "No TXT records found for DNS challenge]"
        ),
        "no TXT record _acme-challenge.n9.zone.test",
        "minutes",
    ),
    Case(
        "no record for a wildcard",
        "the same for *.m4.zone.test",
        PEBBLE,
        "dns",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [*.m4.zone.test]: resolver: one or more domains had a problem: [*.m4.zone.test: "
            "invalid authorization: acme: error: 403 :: urn:ietf:params:acme:error:unauthorized :: "
            "No TXT records found for DNS challenge]"
        ),
        "no TXT record _acme-challenge.m4.zone.test",
        "dig TXT _acme-challenge.m4.zone.test`",
    ),
    Case(
        "no record, by Boulder",
        "an authorization that became invalid",
        BOULDER,
        "dns",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [notxt.test]: resolver: one or more domains had a problem: [notxt.test: invalid "
            "authorization: acme: error: 403 :: urn:ietf:params:acme:error:unauthorized :: No TXT "
            "record found at _acme-challenge.notxt.test]"
        ),
        "no TXT record _acme-challenge.notxt.test",
        "minutes",
    ),
    Case(
        "no name for the record",
        "an authorization that became invalid",
        BOULDER,
        "dns",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [nxtxt.test]: resolver: one or more domains had a problem: [nxtxt.test: invalid "
            "authorization: acme: error: 400 :: urn:ietf:params:acme:error:dns :: DNS problem: "
            "NXDOMAIN looking up TXT for _acme-challenge.nxtxt.test - check that a DNS record exists "
            "for this domain]"
        ),
        "no TXT record _acme-challenge.nxtxt.test",
        "STACK_DNS_PROVIDER",
    ),
    Case(
        "another record",
        "provider httpreq that does nothing, an old record",
        PEBBLE,
        "dns",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [n10.zone.test]: resolver: one or more domains had a problem: [n10.zone.test: "
            "invalid authorization: acme: error: 403 :: urn:ietf:params:acme:error:unauthorized :: "
            "Correct value not found for DNS challenge]"
        ),
        "another TXT record at _acme-challenge.n10.zone.test",
        "remove it",
    ),
    Case(
        "another record, by Boulder",
        "an authorization that became invalid",
        BOULDER,
        "dns",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [wrongtxt2.test]: resolver: one or more domains had a problem: [wrongtxt2.test: "
            "invalid authorization: acme: error: 403 :: urn:ietf:params:acme:error:unauthorized :: "
            'Incorrect TXT record "of-an-earlier-order" (and 1 more) found at '
            "_acme-challenge.wrongtxt2.test]"
        ),
        "another TXT record at _acme-challenge.wrongtxt2.test",
        "remove it",
    ),
    Case(
        "no address",
        "pebble-challtestsrv without a record",
        PEBBLE,
        "http",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [gone.test]: resolver: one or more domains had a problem: [gone.test: invalid "
            "authorization: acme: error: 400 :: urn:ietf:params:acme:error:connection :: Get "
            '"http://gone.test:80/.well-known/acme-challenge/BtUZqktl2tLEcB15VeR9hl1ITUvKsQ7J_-GSVeCR'
            'Xmc": could not resolve URL '
            '"http://gone.test:80/.well-known/acme-challenge/BtUZqktl2tLEcB15VeR9hl1ITUvKsQ7J_-GSVeCR'
            'Xmc"]'
        ),
        "finds no address for gone.test",
        "STACK_DOMAIN",
    ),
    Case(
        "no such name",
        "an authorization that became invalid",
        BOULDER,
        "http",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [nx.test]: resolver: one or more domains had a problem: [nx.test: invalid "
            "authorization: acme: error: 400 :: urn:ietf:params:acme:error:dns :: DNS problem: "
            "NXDOMAIN looking up A for nx.test - check that a DNS record exists for this domain; DNS "
            "problem: NXDOMAIN looking up AAAA for nx.test - check that a DNS record exists for this "
            "domain]"
        ),
        "does not know nx.test",
        "STACK_DOMAIN",
    ),
    Case(
        "no public address",
        "an authorization that became invalid",
        BOULDER,
        "http",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [noa.test]: resolver: one or more domains had a problem: [noa.test: invalid "
            "authorization: acme: error: 400 :: urn:ietf:params:acme:error:dns :: no valid A records "
            "found for noa.test; no valid AAAA records found for noa.test]"
        ),
        "noa.test has no public address",
        "private address",
    ),
    Case(
        "name servers in trouble",
        "an authorization that became invalid",
        BOULDER,
        "http",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [servfail.test]: resolver: one or more domains had a problem: [servfail.test: "
            "invalid authorization: acme: error: 400 :: urn:ietf:params:acme:error:dns :: DNS "
            "problem: SERVFAIL looking up A for servfail.test - the domain's nameservers may be "
            "malfunctioning; DNS problem: SERVFAIL looking up AAAA for servfail.test - the domain's "
            "nameservers may be malfunctioning]"
        ),
        "name servers of servfail.test do not answer well: SERVFAIL",
        "DNSSEC",
    ),
    Case(
        "DNSSEC broken",
        "an authorization that became invalid",
        BOULDER,
        "http",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [bogus.test]: resolver: one or more domains had a problem: [bogus.test: invalid "
            "authorization: acme: error: 400 :: urn:ietf:params:acme:error:dns :: DNS problem: "
            "looking up A for bogus.test: DNSSEC: DNSKEY Missing]"
        ),
        "name servers of bogus.test do not answer well",
        "DS record",
    ),
    Case(
        "name servers silent",
        "an authorization that became invalid",
        BOULDER,
        "http",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [dnstimeout.test]: resolver: one or more domains had a problem: "
            "[dnstimeout.test: invalid authorization: acme: error: 400 :: "
            "urn:ietf:params:acme:error:dns :: DNS problem: query timed out looking up A for "
            "dnstimeout.test]"
        ),
        "query timed out",
        "whoever runs the zone",
    ),
    Case(
        "TLS-ALPN at another server",
        "a TLS server without acme-tls/1 at the name",
        PEBBLE,
        "tls-alpn",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [alpn.test]: resolver: one or more domains had a problem: [alpn.test: invalid "
            "authorization: acme: error: 403 :: urn:ietf:params:acme:error:unauthorized :: Cannot "
            'negotiate ALPN protocol "acme-tls/1" for tls-alpn-01 challenge]'
        ),
        "port 443 of alpn.test, and it was not Traefik",
        "STACK_CHALLENGE=http",
    ),
    Case(
        "TLS-ALPN at a server that refuses it",
        "a server of Go, without acme-tls/1, at the name",
        PEBBLE,
        "tls-alpn",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [aa.test]: resolver: one or more domains had a problem: [aa.test: invalid "
            "authorization: acme: error: 403 :: urn:ietf:params:acme:error:unauthorized :: Failed to "
            "connect to 10.213.7.3:14000 for the tls-alpn-01 challenge]"
        ),
        "port 443 of aa.test at 10.213.7.3",
        "STACK_CHALLENGE=http",
    ),
    Case(
        "TLS-ALPN at a closed port",
        "nothing on port 443; Pebble says no more",
        PEBBLE,
        "tls-alpn",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [alpnrefused.test]: resolver: one or more domains had a problem: "
            "[alpnrefused.test: invalid authorization: acme: error: 403 :: "
            "urn:ietf:params:acme:error:unauthorized :: Failed to connect to 10.213.7.2:443 for the "
            "tls-alpn-01 challenge]"
        ),
        "port 443 of alpnrefused.test at 10.213.7.2",
        "has to reach this server",
    ),
    Case(
        "TLS-ALPN at another server, by Boulder",
        "an authorization that became invalid",
        BOULDER,
        "tls-alpn",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [alpn.test]: resolver: one or more domains had a problem: [alpn.test: invalid "
            "authorization: acme: error: 403 :: urn:ietf:params:acme:error:unauthorized :: "
            '203.0.113.7: Cannot negotiate ALPN protocol "acme-tls/1" for tls-alpn-01 challenge]'
        ),
        "port 443 of alpn.test at 203.0.113.7",
        "CDN",
    ),
    Case(
        "TLS-ALPN at a CDN",
        "an authorization that became invalid",
        BOULDER,
        "tls-alpn",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [alpn-alert.test]: resolver: one or more domains had a problem: "
            "[alpn-alert.test: invalid authorization: acme: error: 400 :: "
            "urn:ietf:params:acme:error:tls :: 203.0.113.7: remote error: tls: no application "
            "protocol]"
        ),
        "port 443 of alpn-alert.test at 203.0.113.7",
        "CDN",
    ),
    Case(
        "TLS-ALPN at a CDN without the name",
        "an authorization that became invalid",
        BOULDER,
        "tls-alpn",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [alpn-shake.test]: resolver: one or more domains had a problem: "
            "[alpn-shake.test: invalid authorization: acme: error: 400 :: "
            "urn:ietf:params:acme:error:tls :: 203.0.113.7: remote error: tls: handshake failure]"
        ),
        "was not Traefik",
        "CDN",
    ),
    Case(
        "TLS-ALPN at plain HTTP",
        "an authorization that became invalid",
        BOULDER,
        "tls-alpn",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [alpn-http.test]: resolver: one or more domains had a problem: [alpn-http.test: "
            "invalid authorization: acme: error: 400 :: urn:ietf:params:acme:error:malformed :: "
            "203.0.113.7: Server only speaks HTTP, not TLS]"
        ),
        "was not Traefik",
        "port 443",
    ),
    Case(
        "TLS-ALPN, ordinary certificate",
        "an authorization that became invalid",
        BOULDER,
        "tls-alpn",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [tls-cert.test]: resolver: one or more domains had a problem: [tls-cert.test: "
            "invalid authorization: acme: error: 403 :: urn:ietf:params:acme:error:unauthorized :: "
            "203.0.113.7: Incorrect validation certificate for tls-alpn-01 challenge. Requested "
            "tls-cert.test from 203.0.113.7:443. Received certificate with no acmeValidationV1 "
            "extension.]"
        ),
        "was not Traefik",
        "port 443",
    ),
    Case(
        "wrong address: 404",
        "a web server that answers 404 at the name",
        PEBBLE,
        "http",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [nf.test]: resolver: one or more domains had a problem: [nf.test: invalid "
            "authorization: acme: error: 403 :: urn:ietf:params:acme:error:unauthorized :: Non-200 "
            "status code from HTTP: "
            "http://nf.test:80/.well-known/acme-challenge/_vmmpszfg81ORwqheyul6gwUKiEa7HBTnCqaTsR9Xlc"
            " returned 404]"
        ),
        "came to nf.test, and got 404",
        "the A record of nf.test",
    ),
    Case(
        "wrong address: page",
        "a web server that answers with a page at the name",
        PEBBLE,
        "http",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [parked.test]: resolver: one or more domains had a problem: [parked.test: "
            "invalid authorization: acme: error: 403 :: urn:ietf:params:acme:error:unauthorized :: "
            "The key authorization file from the server did not match this challenge "
            '"KAvJn8RDQ3ZTLoxBhIREO7CedN69a9-D6PP6EJAUzAU.onQ2t8YdWIlJegIG-0kqaiE2SRBpmBL_Ots6P6EHFKs'
            '" != "<!doctype html><title>Parked</title>"]'
        ),
        "came to parked.test, and got another page",
        "/.well-known/acme-challenge/",
    ),
    Case(
        "wrong address: 404, by Boulder",
        "an authorization that became invalid",
        BOULDER,
        "http",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [r404.test]: resolver: one or more domains had a problem: [r404.test: invalid "
            "authorization: acme: error: 403 :: urn:ietf:params:acme:error:unauthorized :: "
            "203.0.113.7: Invalid response from "
            "http://r404.test/.well-known/acme-challenge/dG9rZW4tdG9rZW4tdG9rZW4: 404]"
        ),
        "came to r404.test at 203.0.113.7, and got 404",
        "the A record of r404.test",
    ),
    Case(
        "stale AAAA",
        "an authorization that became invalid",
        BOULDER,
        "http",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [r404v6.test]: resolver: one or more domains had a problem: [r404v6.test: "
            "invalid authorization: acme: error: 403 :: urn:ietf:params:acme:error:unauthorized :: "
            "2001:db8::166: Invalid response from "
            "http://r404v6.test/.well-known/acme-challenge/dG9rZW4tdG9rZW4tdG9rZW4: 404]"
        ),
        "at 2001:db8::166, and got 404",
        "the AAAA record of r404v6.test",
    ),
    Case(
        "server in front in trouble",
        "an authorization that became invalid",
        BOULDER,
        "http",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [r503.test]: resolver: one or more domains had a problem: [r503.test: invalid "
            "authorization: acme: error: 403 :: urn:ietf:params:acme:error:unauthorized :: "
            "203.0.113.7: Invalid response from "
            "http://r503.test/.well-known/acme-challenge/dG9rZW4tdG9rZW4tdG9rZW4: 503]"
        ),
        "got 503",
        "stands before it",
    ),
    Case(
        "parked name",
        "an authorization that became invalid",
        BOULDER,
        "http",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [rhtml.test]: resolver: one or more domains had a problem: [rhtml.test: invalid "
            "authorization: acme: error: 403 :: urn:ietf:params:acme:error:unauthorized :: "
            '203.0.113.7: Invalid response from https://parking.example.test/lander: "<!DOCTYPE '
            'html><html><head>"]'
        ),
        "came to rhtml.test at 203.0.113.7, and got another page",
        "the A record of rhtml.test",
    ),
    Case(
        "wrong address: another token",
        "an authorization that became invalid",
        BOULDER,
        "http",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [rkey.test]: resolver: one or more domains had a problem: [rkey.test: invalid "
            "authorization: acme: error: 403 :: urn:ietf:params:acme:error:unauthorized :: The key "
            'authorization file from the server did not match this challenge. Expected "dG9rZW4.aaa" '
            '(got "hello")]'
        ),
        "came to rkey.test, and got another page",
        "the A record of rkey.test",
    ),
    Case(
        "firewall for some",
        "an authorization that became invalid",
        BOULDER,
        "http",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [timeout2.test]: resolver: one or more domains had a problem: [timeout2.test: "
            "invalid authorization: acme: error: 400 :: urn:ietf:params:acme:error:connection :: "
            "During secondary validation: 203.0.113.7: Fetching "
            "http://timeout2.test/.well-known/acme-challenge/dG9rZW4tdG9rZW4tdG9rZW4: Timeout during "
            "connect (likely firewall problem)]"
        ),
        "timeout2.test at 203.0.113.7 is not reached from all of them",
        "open to everybody",
    ),
    Case(
        "closed port",
        "nothing on port 80 at the name",
        PEBBLE,
        "http",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [refused.test]: resolver: one or more domains had a problem: [refused.test: "
            "invalid authorization: acme: error: 400 :: urn:ietf:params:acme:error:connection :: Get "
            '"http://refused.test:80/.well-known/acme-challenge/odxgfbKdw0GR1u4OUMtYQmLZQkT7wBX0k78A0'
            'KQo3j8": dial tcp 10.213.7.3:80: connect: connection refused]'
        ),
        "nothing listens on port 80 of refused.test at 10.213.7.3",
        "port 80 of this server",
    ),
    Case(
        "closed port, by Boulder",
        "an authorization that became invalid",
        BOULDER,
        "http",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [refused.test]: resolver: one or more domains had a problem: [refused.test: "
            "invalid authorization: acme: error: 400 :: urn:ietf:params:acme:error:connection :: "
            "203.0.113.7: Fetching "
            "http://refused.test/.well-known/acme-challenge/dG9rZW4tdG9rZW4tdG9rZW4: Connection "
            "refused]"
        ),
        "nothing listens on port 80 of refused.test at 203.0.113.7",
        "the A record of refused.test",
    ),
    Case(
        "closed port 443",
        "an authorization that became invalid",
        BOULDER,
        "tls-alpn",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [alpn-refused.test]: resolver: one or more domains had a problem: "
            "[alpn-refused.test: invalid authorization: acme: error: 400 :: "
            "urn:ietf:params:acme:error:connection :: 203.0.113.7: Connection refused]"
        ),
        "nothing listens on port 443 of alpn-refused.test",
        "port 443 of this server",
    ),
    Case(
        "firewall",
        "a port whose backlog is full: packets are dropped",
        PEBBLE,
        "http",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [tc.test]: resolver: one or more domains had a problem: [tc.test: invalid "
            "authorization: acme: error: 400 :: urn:ietf:params:acme:error:connection :: Get "
            '"http://tc.test:81/.well-known/acme-challenge/q9HRnhkuJQmXlXc1WfVGeWY-FkkRVqYYrLkTT6TSYC'
            'w": context deadline exceeded (Client.Timeout exceeded while awaiting headers)]'
        ),
        "no answer from port 80 of tc.test",
        "firewall",
    ),
    Case(
        "firewall, by Boulder",
        "an authorization that became invalid",
        BOULDER,
        "http",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [timeout.test]: resolver: one or more domains had a problem: [timeout.test: "
            "invalid authorization: acme: error: 400 :: urn:ietf:params:acme:error:connection :: "
            "203.0.113.7: Fetching "
            "http://timeout.test/.well-known/acme-challenge/dG9rZW4tdG9rZW4tdG9rZW4: Timeout during "
            "connect (likely firewall problem)]"
        ),
        "no answer from port 80 of timeout.test at 203.0.113.7",
        "whoever rents it to you",
    ),
    Case(
        "nobody at the address",
        "an address that nobody has",
        PEBBLE,
        "http",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [noroute.test]: resolver: one or more domains had a problem: [noroute.test: "
            "invalid authorization: acme: error: 400 :: urn:ietf:params:acme:error:connection :: Get "
            '"http://noroute.test:80/.well-known/acme-challenge/qnpC-IARS7YH_-n3FK-FzYe0lXpXcP29F0brJ'
            'or-CQE": dial tcp 10.213.7.99:80: connect: no route to host]'
        ),
        "no way to noroute.test at 10.213.7.99",
        "A record of noroute.test",
    ),
    Case(
        "no IPv6",
        "an authorization that became invalid",
        BOULDER,
        "http",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [unreach.test]: resolver: one or more domains had a problem: [unreach.test: "
            "invalid authorization: acme: error: 400 :: urn:ietf:params:acme:error:connection :: "
            "2001:db8::166: Fetching "
            "http://unreach.test/.well-known/acme-challenge/dG9rZW4tdG9rZW4tdG9rZW4: Network "
            "unreachable]"
        ),
        "no way to unreach.test at 2001:db8::166",
        "AAAA record of unreach.test",
    ),
    Case(
        "server too slow",
        "an authorization that became invalid",
        BOULDER,
        "http",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [slow.test]: resolver: one or more domains had a problem: [slow.test: invalid "
            "authorization: acme: error: 400 :: urn:ietf:params:acme:error:connection :: "
            "203.0.113.7: Fetching "
            "http://slow.test/.well-known/acme-challenge/dG9rZW4tdG9rZW4tdG9rZW4: Timeout after "
            "connect (your server may be slow or overloaded)]"
        ),
        "got no whole answer: Timeout after connect",
        "port 80",
    ),
    Case(
        "connection cut",
        "an authorization that became invalid",
        BOULDER,
        "http",
        (
            "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
            "domains [reset.test]: resolver: one or more domains had a problem: [reset.test: invalid "
            "authorization: acme: error: 400 :: urn:ietf:params:acme:error:connection :: "
            "203.0.113.7: Fetching "
            "http://reset.test/.well-known/acme-challenge/dG9rZW4tdG9rZW4tdG9rZW4: Connection reset "
            "by peer]"
        ),
        "got no whole answer: Connection reset by peer",
        "port 80",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.why)
def test_a_line_is_explained(case: Case) -> None:
    said = orders.explain([case.line], case.challenge, "demo")

    assert said is not None
    assert case.cause in said.cause
    assert case.hint in said.hint


def test_every_rule_is_met_by_a_line() -> None:
    met = {found[0].words for case in CASES if (found := orders.find([case.line]))}

    assert [rule.words for rule in orders.RULES if rule.words not in met] == []


def test_every_hint_ends_with_what_to_run() -> None:
    assert [rule.hint for rule in orders.RULES if not rule.hint.endswith(", {then}")] == []


def test_what_to_run_is_said_in_the_same_words_everywhere() -> None:
    said = [orders.explain([case.line], case.challenge, "demo") for case in CASES]
    assert [one for one in said if one and not one.hint.endswith(", then `stack up`")] == []


def test_no_hint_has_a_name_to_be_filled_in_for_the_projects() -> None:
    said = [orders.explain([case.line], case.challenge, "demo") for case in CASES]
    assert [one for one in said if one and "PROJECT" in one.hint] == []


FOLDER = "\"$(docker volume inspect --format '{{.Mountpoint}}' demo_acme)\""


@pytest.mark.parametrize("file", ["acme.json", "staging.json", "custom-https-acme-demo-test-dir.json"])
def test_a_hint_about_the_storage_can_be_pasted(file: str) -> None:
    open_to_all = line("storage that others may read").replace("acme.json", file)
    closed = line("storage of another user").replace("acme.json", file)

    said = [orders.explain([one], "http", "demo") for one in (open_to_all, closed)]

    assert [one.hint for one in said if one] == [
        f"as root, `chmod 600 {FOLDER}/{file}`, then `stack up`",
        f"as root, `chown -R 65532:65532 {FOLDER}` and `chmod 600 {FOLDER}/{file}`, then `stack up`",
    ]


def test_where_the_project_is_not_told_a_hint_leaves_its_place() -> None:
    said = orders.explain([line("storage cut short")], "http")

    assert said is not None
    assert "docker volume rm PROJECT_acme" in said.hint


def line(why: str) -> str:
    return next(case.line for case in CASES if case.why == why)


def test_no_words_are_no_explanation() -> None:
    assert orders.explain([], "http") is None


def test_other_words_are_left_alone() -> None:
    said = "Unable to obtain ACME certificate for domains: cannot get ACME client acme: error: 403 :: POST :: "
    said += "https://10.213.7.6:14000/agree/account :: urn:ietf:params:acme:error:userActionRequired :: "
    said += "Terms of service have changed"

    assert orders.explain(['service "app" error: unable to find the IP address', said], "http") is None


def test_a_limit_counts_more_than_the_failures_that_led_to_it() -> None:
    said = orders.explain([line("failed too often"), line("closed port")], "http")

    assert said is not None
    assert "before 2026-11-22 12:47:12 UTC" in said.cause


def test_of_several_of_a_kind_the_last_counts() -> None:
    said = orders.explain([line("closed port"), line("closed port, by Boulder")], "http")

    assert said is not None
    assert "203.0.113.7" in said.cause


def test_a_page_of_another_server_is_not_believed() -> None:
    page = line("parked name").replace(
        "<!DOCTYPE html>", "x509: certificate signed by unknown authority. 503 :: GET ::"
    )

    said = orders.explain([page], "http")

    assert said is not None
    assert "got another page" in said.cause


# Pebble, Host(`one.test`) || Host(`twonf.test`): a web server at the one, nothing on port 80 of the other
TWO = (
    "Unable to obtain ACME certificate for domains: unable to generate a certificate for the "
    "domains [one.test twonf.test]: resolver: one or more domains had a problem: [one.test: "
    "invalid authorization: acme: error: 403 :: urn:ietf:params:acme:error:unauthorized :: "
    "The key authorization file from the server did not match this challenge "
    '"-114Jde2YI_XsZ_S77mYB3zO6D4-tBOGN9fGCgWrfKE.LEFJ1gugXzqWAfux4Obb_r2aaukWNUXnFG47NhXn4h4'
    '" != "<!doctype html><title>Parked</title>"] [twonf.test: invalid authorization: acme: '
    "error: 400 :: urn:ietf:params:acme:error:connection :: Get "
    '"http://twonf.test:80/.well-known/acme-challenge/Taewh_QiYjthlR7snzsUBbiq72vwDjsTE9nx_85'
    'Oy-A": dial tcp 10.213.7.3:80: connect: connection refused]'
)


def test_each_name_of_a_line_has_its_own_problem() -> None:
    first = orders.explain([TWO], "http")
    second = orders.explain([TWO.replace("The key authorization file from the server", "It")], "http")

    assert first is not None
    assert second is not None
    assert first.cause == "the authority came to one.test, and got another page where Traefik's token should be"
    assert second.cause == "nothing listens on port 80 of twonf.test at 10.213.7.3"


# acme.json with mode 644; the order in the log is Traefik's
SKIPPED: list[Mapping[str, Any]] = [
    {
        "level": "error",
        "error": "unable to get ACME account: permissions 644 for /tmp/acme.json are too open, please use 600",
        "resolver": "acme",
        "time": "2026-11-22T12:08:51Z",
        "message": "The ACME resolve is skipped from the resolvers list",
    },
    {
        "level": "error",
        "entryPointName": "web",
        "routerName": "acme-http@internal",
        "error": "HTTP challenge is not enabled",
        "time": "2026-11-22T12:08:51Z",
    },
    {
        "level": "error",
        "routerName": "r@file",
        "certificateResolver": "acme",
        "time": "2026-11-22T12:08:51Z",
        "message": "Router uses a nonexistent certificate resolver",
    },
]


def test_a_resolver_that_was_left_out_is_told_with_its_reason() -> None:
    told = orders.lines(SKIPPED)

    assert told == (line("storage that others may read"), "Router uses a nonexistent certificate resolver: acme")
    said = orders.explain(told, "http")
    assert said is not None
    assert "mode 644" in said.cause


def test_an_error_without_a_message_is_told() -> None:
    entry = {"level": "error", "providerName": "acme", "error": "write /tmp/acme.json: no space left on device"}

    assert orders.lines([entry]) == (line("full disk"),)


# an authority that is down, asked by a shared proxy
OF_A_SHARED_PROXY: Mapping[str, Any] = {
    "level": "error",
    "providerName": "acme.acme",
    "ACME CA": "https://127.0.0.1:1/dir",
    "routerName": "shop-app@file",
    "rule": "Host(`demo.shop`) && PathPrefix(`/api`)",
    "error": "cannot get ACME client get directory at 'https://127.0.0.1:1/dir': unable to communicate with the API"
    ' server: error: Get "https://127.0.0.1:1/dir": dial tcp 127.0.0.1:1: connect: connection refused',
    "domains": ["demo.shop"],
    "time": "2026-11-22T15:54:32Z",
    "message": "Unable to obtain ACME certificate for domains",
}


@pytest.mark.parametrize(
    ("hosts", "told"),
    [(("demo.shop", "www.demo.shop"), 1), ((), 1), (("blog.test",), 0)],
    ids=["the project's own", "nobody asks for names", "another project's"],
)
def test_of_a_shared_proxys_log_counts_what_is_about_the_projects_names(hosts: tuple[str, ...], told: int) -> None:
    assert len(orders.lines([OF_A_SHARED_PROXY], hosts)) == told


def test_what_names_nobody_is_everybodys() -> None:
    assert orders.lines([*SKIPPED, OF_A_SHARED_PROXY], ("blog.test",)) == orders.lines(SKIPPED)


def test_the_same_error_is_told_once() -> None:
    entry = {"level": "error", "providerName": "acme.acme", "error": "acme: error: 500", "message": "Unable"}

    assert orders.lines([entry, {**entry, "time": "2026-11-22T12:06:21Z"}]) == ("Unable: acme: error: 500",)


@pytest.mark.parametrize(
    "entry",
    [
        {"level": "info", "providerName": "acme.acme", "message": "Register..."},
        {
            "level": "warn",
            "lib": "lego",
            "error": {"error": "httpreq: unexpected status code"},
            "message": "Cleaning up",
        },
        {"level": "error", "providerName": "docker", "error": "unable to find the IP address", "message": "Failed"},
        {"RequestPath": "/acme", "level": "info", "ServiceName": "app@docker"},
    ],
    ids=["ACME at work", "what follows from an error", "another provider", "a request"],
)
def test_what_is_no_error_of_certificates_is_not_told(entry: Mapping[str, Any]) -> None:
    assert orders.lines([entry]) == ()
