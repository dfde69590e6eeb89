"""What the probe reads out of an OpenAPI document."""

import json
from typing import Any

import pytest

from scaffold.probe import slash_path

GET: dict[str, Any] = {"get": {"responses": {}}}


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        ({"/items/": GET}, "/items/"),
        ({"/a": GET, "/b/": GET, "/c/": GET}, "/b/"),
        ({"/items/": {"post": {}}, "/users/": GET}, "/users/"),
        ({"/items/{id}/": GET, "/users/": GET}, "/users/"),
        ({"/v1/items/": {"post": {}, "get": {}}}, "/v1/items/"),
        ({"/": GET}, None),
        ({"/items": GET}, None),
        ({"/items/": {"post": {}}}, None),
        ({"/items/{id}/": GET}, None),
        ({}, None),
    ],
    ids=[
        "one",
        "the first",
        "GET knows it",
        "no parameter",
        "several methods",
        "the root is none",
        "no slash",
        "not for GET",
        "only with a parameter",
        "no path",
    ],
)
def test_a_path_with_a_trailing_slash_is_found(paths: dict[str, Any], expected: str | None) -> None:
    document = {"openapi": "3.1.0", "info": {}, "paths": paths}
    assert slash_path(json.dumps(document).encode()) == expected


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"\xff\xfe\x00\xd8",
        b"[]",
        b"null",
        b'"text"',
        b"{}",
        b'{"paths": null}',
        b'{"paths": []}',
        b'{"paths": "/a/"}',
        b'{"paths": {"/a/": null}}',
    ],
)
def test_what_is_no_openapi_document_has_no_path(body: bytes) -> None:
    assert slash_path(body) is None
