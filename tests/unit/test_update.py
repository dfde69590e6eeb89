"""What an update tells of .env, which it does not touch."""

from __future__ import annotations

from pathlib import Path

import pytest

from scaffold.cli.update import _lacking as lacking

FRESH = "# The domain\nSTACK_DOMAIN=demo.test\nSTACK_PROXY=proxy\nSTACK_HTTP_PORT=80  # with a default\n#STACK_OFF=1\n"
DEMANDS = "a: ${STACK_DOMAIN:?set it}\nb: ${STACK_PROXY:?set it}\nc: ${STACK_HTTP_PORT:-80}\nd: ${STACK_SECRET:?set}\n"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a clone of a project after its update."""
    return placed(tmp_path / "clone", **{".env": FRESH, "compose.yaml": DEMANDS})


def placed(folder: Path, **texts: str) -> Path:
    folder.mkdir()
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_only_what_the_compose_files_demand_is_lacking(clone: Path, tmp_path: Path) -> None:
    mine = placed(tmp_path / "mine", **{".env": "STACK_DOMAIN=other.test\n"})
    assert lacking(clone, mine, every=False) == ("STACK_PROXY=proxy", "STACK_SECRET=")


def test_after_a_move_every_line_is_lacking_that_the_template_has(clone: Path, tmp_path: Path) -> None:
    mine = placed(tmp_path / "mine", **{".env": "export STACK_DOMAIN=other.test\n"})
    expected = ("STACK_PROXY=proxy", "STACK_SECRET=", "STACK_HTTP_PORT=80  # with a default")
    assert lacking(clone, mine, every=True) == expected


def test_a_line_that_was_taken_out_of_use_is_lacking(clone: Path, tmp_path: Path) -> None:
    mine = placed(tmp_path / "mine", **{".env": f"{FRESH}STACK_SECRET=x\n".replace("STACK_PROXY", "#STACK_PROXY")})
    assert lacking(clone, mine, every=True) == ("STACK_PROXY=proxy",)


@pytest.mark.parametrize("every", [True, False])
def test_where_nothing_is_missing_nothing_is_lacking(clone: Path, tmp_path: Path, every: bool) -> None:
    mine = placed(tmp_path / "mine", **{".env": f"{FRESH}STACK_SECRET=x\n"})
    assert lacking(clone, mine, every=every) == ()


@pytest.mark.parametrize("every", [True, False])
def test_a_project_that_has_no_env_yet_gets_the_templates(clone: Path, tmp_path: Path, every: bool) -> None:
    assert lacking(clone, placed(tmp_path / "mine"), every=every) == ("STACK_SECRET=",)
