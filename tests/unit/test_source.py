"""The values that tell what a folder holds."""

import importlib.metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scaffold.source import BROUGHT, Dependencies


@pytest.mark.parametrize(
    ("names", "extras", "expected"),
    [
        ({"fastapi"}, set(), {"fastapi"}),
        ({"fastapi", "uvicorn"}, set(), {"fastapi", "uvicorn"}),
        ({"fastapi"}, {"fastapi[standard]"}, {"fastapi", "uvicorn", "fastapi-cli"}),
        ({"fastapi"}, {"fastapi[all]"}, {"fastapi", "uvicorn", "fastapi-cli"}),
        ({"fastapi", "fastapi-cli"}, set(), {"fastapi", "uvicorn", "fastapi-cli"}),
        ({"uvicorn"}, {"uvicorn[standard]"}, {"uvicorn"}),
        (set(), set(), set()),
    ],
    ids=["fastapi alone", "with uvicorn", "standard", "all", "with the command line", "no fastapi", "nothing"],
)
def test_what_comes_along_is_counted(names: set[str], extras: set[str], expected: set[str]) -> None:
    needs = Dependencies("pip", "requirements.txt", frozenset(names), frozenset(extras))
    assert {name for name in ("fastapi", "uvicorn", "fastapi-cli") if needs.brings(name)} == expected


@pytest.mark.parametrize("wanted", BROUGHT)
def test_what_comes_along_is_what_the_packages_themselves_ask_for(wanted: str) -> None:
    asked = Requirement(wanted)
    extra = next(iter(asked.extras), "")
    lines = map(Requirement, importlib.metadata.requires(asked.name) or ())
    needed = {canonicalize_name(one.name) for one in lines if not one.marker or one.marker.evaluate({"extra": extra})}
    assert BROUGHT[wanted] == needed & {"uvicorn", "fastapi-cli"}


def test_no_extra_that_brings_a_server_is_forgotten() -> None:
    """An extra that FastAPI gets one day has to be added."""
    metadata = importlib.metadata.metadata("fastapi")
    servers = {
        f"fastapi[{extra}]"
        for extra in metadata.get_all("Provides-Extra") or ()
        for one in map(Requirement, importlib.metadata.requires("fastapi") or ())
        if one.name == "uvicorn" and one.marker and one.marker.evaluate({"extra": extra})
    }
    assert servers == {name for name in BROUGHT if name.startswith("fastapi[")}
