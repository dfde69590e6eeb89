"""Traefik's storage of certificates: who has one, and what one storage takes over from another."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scaffold import storage

ACCOUNT = {"Email": "me@demo.test"}
STORAGE: dict[str, Any] = {
    "acme": {
        "Account": ACCOUNT,
        "Certificates": [
            {"domain": {"main": "demo.test"}, "certificate": "…", "key": "…", "Store": "default"},
            {"domain": {"main": "*.shop.test", "sans": ["shop.test"]}, "certificate": "…", "key": "…"},
        ],
    }
}
BROKEN = ("half a", "[]", '{"acme": null}', '{"acme": {"Certificates": [{}]}}', '{"acme": {"Certificates": ["x"]}}')


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", set()),
        (json.dumps(STORAGE), {"demo.test", "*.shop.test", "shop.test"}),
        ('{"acme": {"Account": null, "Certificates": null}}', set()),
        ("{}", set()),
        *((text, None) for text in BROKEN),
    ],
)
def test_the_storage_tells_who_has_a_certificate(text: str, names: set[str] | None) -> None:
    assert storage.names(text) == names


def test_who_cannot_renew_a_wildcard_asks_for_the_others() -> None:
    assert storage.names(json.dumps(STORAGE), wildcards=False) == frozenset({"demo.test"})


# ------------------------------------------------------------------ one takes over from another


def one(*names: str, by: str = "them") -> dict[str, Any]:
    """Return a certificate for some names."""
    main, *sans = names
    return {"domain": {"main": main, **({"sans": sans} if sans else {})}, "certificate": by, "key": by}


def kept(*certificates: dict[str, Any], account: dict[str, str] | None = ACCOUNT, resolver: str = "acme") -> str:
    return json.dumps({resolver: {"Account": account, "Certificates": list(certificates) or None}})


def taken(mine: str, theirs: str, *hosts: str, **options: bool) -> list[tuple[str, str]]:
    """Return the first name of every certificate in the merged storage, and whose it is."""
    body = json.loads(storage.merged(mine, theirs, hosts, **options))["acme"]
    return [(found["domain"]["main"], found["certificate"]) for found in body["Certificates"] or ()]


def test_certificates_for_the_wanted_hosts_come_along_and_no_others() -> None:
    theirs = kept(one("a.test"), one("b.test"), one("c.test", "www.c.test"))
    assert taken("", theirs, "a.test", "www.c.test") == [("a.test", "them"), ("c.test", "them")]
    assert storage.names(storage.merged("", theirs, ["a.test"])) == frozenset({"a.test"})


def test_a_certificate_comes_along_whole_with_its_key() -> None:
    body = json.loads(storage.merged("", json.dumps(STORAGE), ["demo.test"]))["acme"]
    assert body["Certificates"] == STORAGE["acme"]["Certificates"][:1]


def test_what_is_there_stays() -> None:
    mine = kept(one("a.test", by="us"), one("old.test", by="us"))
    assert taken(mine, kept(one("b.test")), "b.test") == [("a.test", "us"), ("old.test", "us"), ("b.test", "them")]


@pytest.mark.parametrize("own", [("a.test",), ("b.test", "a.test"), ("*.test",)], ids=["itself", "sans", "wildcard"])
def test_where_one_is_there_for_a_host_no_other_comes(own: tuple[str, ...]) -> None:
    assert taken(kept(one(*own, by="us")), kept(one("a.test", "more.a.test")), "a.test") == [(own[0], "us")]


def test_of_a_certificate_for_several_hosts_one_that_is_lacking_is_enough() -> None:
    mine, theirs = kept(one("a.test", by="us")), kept(one("a.test", "www.a.test"))
    assert taken(mine, theirs, "a.test", "www.a.test") == [("a.test", "us"), ("a.test", "them")]


def test_a_wildcard_comes_along_for_the_host_that_it_covers() -> None:
    theirs = json.dumps(STORAGE)
    assert storage.names(storage.merged("", theirs, ["a.shop.test"])) == frozenset({"*.shop.test", "shop.test"})
    assert storage.names(storage.merged("", theirs, ["deep.a.shop.test"])) == frozenset()


def test_where_it_could_not_be_renewed_a_wildcard_stays_behind_with_all_its_names() -> None:
    theirs = json.dumps(STORAGE)
    assert storage.names(storage.merged("", theirs, ["a.shop.test", "shop.test"], wildcards=False)) == frozenset()
    mine = kept(one("*.a.test", by="us"))
    assert taken(mine, kept(one("b.test")), "b.test", wildcards=False) == [("*.a.test", "us"), ("b.test", "them")]


@pytest.mark.parametrize(
    ("mine", "account"),
    [("", "theirs"), ("{}", "theirs"), (kept(account=None), "theirs"), (kept(account={"Email": "mine"}), "mine")],
    ids=["no file", "nothing in it", "no account", "one of its own"],
)
def test_an_account_comes_only_where_there_is_none(mine: str, account: str) -> None:
    merged = json.loads(storage.merged(mine, kept(one("a.test"), account={"Email": "theirs"}), ["a.test"]))
    assert merged["acme"]["Account"] == {"Email": account}


def test_every_resolver_keeps_to_itself() -> None:
    mine = {**json.loads(kept(one("a.test", by="us"))), **json.loads(kept(one("x.test", by="us"), resolver="mine"))}
    theirs = {**json.loads(kept(one("a.test"))), **json.loads(kept(one("a.test"), resolver="other"))}
    merged = json.loads(storage.merged(json.dumps(mine), json.dumps(theirs), ["a.test"]))
    whose = {name: [found["certificate"] for found in body["Certificates"]] for name, body in merged.items()}
    assert whose == {"acme": ["us"], "mine": ["us"], "other": ["them"]}


def test_from_an_empty_storage_nothing_comes() -> None:
    mine = kept(one("a.test", by="us"))
    assert json.loads(storage.merged(mine, "", ["b.test"])) == json.loads(mine)
    assert storage.names(storage.merged("", kept(account=None), ["b.test"])) == frozenset()


def test_taking_over_twice_is_the_same_as_once() -> None:
    once = storage.merged("", json.dumps(STORAGE), ["demo.test", "a.shop.test"])
    assert storage.merged(once, json.dumps(STORAGE), ["demo.test", "a.shop.test"]) == once


@pytest.mark.parametrize("text", BROKEN)
def test_what_cannot_be_read_is_not_merged(text: str) -> None:
    for mine, theirs in ((text, json.dumps(STORAGE)), (json.dumps(STORAGE), text)):
        with pytest.raises(ValueError, match="no ACME storage of Traefik's"):
            storage.merged(mine, theirs, ["demo.test"])
