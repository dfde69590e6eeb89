import pytest

from scaffold import symptoms


@pytest.mark.parametrize(
    ("line", "path"),
    [
        pytest.param("OSError: [Errno 30] Read-only file system: 'uploads'", "uploads", id="read-only"),
        pytest.param("OSError: [Errno 30] Read-only file system: '/srv/a b.log'", "/srv/a b.log", id="space"),
        pytest.param("OSError: [Errno 30] Read-only file system: b'x'", "x", id="bytes"),
        pytest.param("sqlite3.OperationalError: unable to open database file", "its SQLite file", id="sqlite"),
        pytest.param(
            "sqlalchemy.exc.OperationalError: (sqlite3.OperationalError) attempt to write a readonly database",
            "its SQLite file",
            id="sqlalchemy",
        ),
    ],
)
def test_what_could_not_be_written_is_named_with_what_to_do(line: str, path: str) -> None:
    log = ["Traceback (most recent call last):", line, "ERROR: Application startup failed. Exiting."]

    assert symptoms.unwritable(log) == path
    assert path in symptoms.advice(log)
    assert "data=" in symptoms.advice(log)


@pytest.mark.parametrize("line", ["", "KeyError: 'Permission'", "OSError: [Errno 28] No space left: '/tmp/x'"])
def test_other_words_are_left_alone(line: str) -> None:
    assert symptoms.unwritable([line]) == ""
    assert symptoms.advice([line]) == ""


def test_the_last_of_several_paths_is_the_one_it_died_of() -> None:
    log = ["[Errno 30] Read-only file system: 'cache'", "[Errno 30] Read-only file system: 'uploads'"]

    assert symptoms.unwritable(log) == "uploads"


def test_what_belongs_to_somebody_else_is_no_matter_of_volumes() -> None:
    advice = symptoms.advice(["PermissionError: [Errno 13] Permission denied: '/srv/x'"])

    assert "/srv/x" in advice
    assert "owner and mode" in advice
    assert "data=" not in advice


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("KeyError: 'DATABASE_URL'", "DATABASE_URL"),
        ("pydantic_core._pydantic_core.ValidationError: 2 validation errors for Settings", "what Settings reads"),
    ],
)
def test_a_setting_that_is_missing_has_a_place(line: str, named: str) -> None:
    advice = symptoms.advice([line])

    assert named in advice
    assert "compose.app.yaml" in advice
