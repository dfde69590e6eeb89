"""What an address says of a site."""

from pathlib import Path

import pytest

from scaffold import elsewhere
from scaffold.errors import WrongInput
from scaffold.project import ACME, LOCAL


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://demo.test", True),
        ("http://demo.test", True),
        ("HTTPS://demo.test", True),
        (".", False),
        ("https", False),
        ("/srv/https:/demo", False),
        ("demo.test", False),
    ],
)
def test_an_address_is_no_folder(text: str, expected: bool) -> None:
    assert elsewhere.is_address(text) is expected


@pytest.mark.parametrize(
    ("address", "host", "http", "https", "name"),
    [
        ("https://demo.test", "demo.test", 80, 443, "demo.test"),
        ("https://Demo.Test./", "demo.test", 80, 443, "demo.test"),
        ("https://demo.test:443", "demo.test", 80, 443, "demo.test:443"),
        ("https://demo.test:8443", "demo.test", 0, 8443, "demo.test:8443"),
        ("http://demo.test", "demo.test", 80, 443, "demo.test"),
        ("http://demo.test:8080", "demo.test", 8080, 443, "demo.test:8080"),
        ("https://bücher.test", "xn--bcher-kva.test", 80, 443, "xn--bcher-kva.test"),
        ("https://127.0.0.1:9", "127.0.0.1", 0, 9, "127.0.0.1:9"),
        ("https://[::1]", "::1", 80, 443, "[::1]"),
        ("https://localhost", "localhost", 80, 443, "localhost"),
    ],
)
def test_an_address_names_a_host_and_its_ports(address: str, host: str, http: int, https: int, name: str) -> None:
    site = elsewhere.project(address)
    assert (site.canonical, site.address, site.others) == ((host,), host, ())
    assert (site.http_port, site.https_port) == (http, https)
    assert (site.name, site.known, site.external, site.joins) == (name, False, False, "")


def test_names_below_localhost_lead_to_this_machine() -> None:
    site = elsewhere.project("https://shop.localhost")
    assert (site.canonical, site.address) == (("shop.localhost",), "localhost")


@pytest.mark.parametrize(
    ("path", "prefix"), [("", ""), ("/", ""), ("/v1", "/v1"), ("/v1/", "/v1"), ("/a/b%20c", "/a/b%20c")]
)
def test_a_path_is_what_the_site_is_below(path: str, prefix: str) -> None:
    site = elsewhere.project(f"https://demo.test{path}")
    assert site.prefix == prefix
    assert site.url("demo.test") == f"https://demo.test{prefix}/"


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("https://", "it names no host"),
        ("https:///x", "it names no host"),
        ("https://a b", "'a b' is no host name"),
        ("https://a`b", "is no host name"),
        ("https://-a.test", "is no host name"),
        (f"https://{'x' * 64}.test", "is no host name"),
        ("https://demo..test", "is no host name"),
        ("https://demo.test:0", "port 0"),
        ("https://demo.test:99999", "ort"),
        ("https://demo.test:x", "ort"),
        ("https://[::1", "IPv6"),
        ("https://demo.test/?a=b", "no part of a site's address"),
        ("https://demo.test/#top", "no part of a site's address"),
        ("https://demo.test/ü", "written as %"),
        ("https://demo.test/a b", "written as %"),
    ],
)
def test_an_address_that_names_no_site_is_refused(address: str, why: str) -> None:
    with pytest.raises(WrongInput) as caught:
        elsewhere.project(address)
    assert why in caught.value.message


def test_an_address_with_a_password_is_refused_and_not_repeated() -> None:
    with pytest.raises(WrongInput, match="user name") as caught:
        elsewhere.project("https://me:hunter2@demo.test")
    assert "hunter2" not in caught.value.message


def test_other_authorities_are_believed_where_they_are_named() -> None:
    assert elsewhere.project("https://demo.test").roots is None
    assert elsewhere.project("https://demo.test", roots=Path("/x/root.pem")).roots == Path("/x/root.pem")


@pytest.mark.parametrize("host", ["localhost", "shop.localhost", "127.0.0.1", "[::1]"])
def test_on_this_machine_our_own_authority_is_believed_if_there_is_one(host: str) -> None:
    assert elsewhere.project(f"https://{host}", authority=True).certificates == LOCAL
    assert elsewhere.project(f"https://{host}").certificates == ACME
    assert elsewhere.project(f"https://{host}", authority=True, roots=Path("/x")).certificates == ACME


def test_elsewhere_our_own_authority_is_nobody() -> None:
    assert elsewhere.project("https://demo.test", authority=True).certificates == ACME


@pytest.mark.parametrize(
    ("host", "expected"),
    [("demo.test", True), ("server", False), ("localhost", False), ("a.localhost", False), ("192.0.2.1", False)],
)
def test_dns_is_asked_about_names_that_it_may_know(host: str, expected: bool) -> None:
    assert elsewhere.in_dns(host) is expected
