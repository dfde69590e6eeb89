"""The words that are run in a container that runs already."""

import pytest

from scaffold import inside
from scaffold.project import Service

OURS = ("python", "-I", "-S", "/opt/stack/entrypoint.py")


@pytest.mark.parametrize(
    ("entrypoint", "before"),
    [
        ((), ()),
        (OURS, OURS),
        ((*OURS, "/srv/entrypoint.sh", "--wait"), OURS),
        (("tini", "--", *OURS, "/srv/entrypoint.sh"), ("tini", "--", *OURS)),
        (("/srv/entrypoint.sh",), ()),
    ],
    ids=["none", "the stack's", "before the image's own", "behind another", "a foreign one"],
)
def test_a_session_has_the_environment_of_the_service(entrypoint: tuple[str, ...], before: tuple[str, ...]) -> None:
    service = Service("app", "shop-app:current", entrypoint=entrypoint)
    assert inside.session(service, ("ls", "-l")) == (*before, "ls", "-l")
    assert inside.session(service, ()) == (*before, *inside.SHELL)


def test_a_password_gets_into_no_log_and_is_set_last() -> None:
    lines = inside.new_password("app", "0123abcd").splitlines()
    assert lines[0] == "SET log_min_error_statement = panic;"
    assert lines[-1] == "ALTER ROLE \"app\" PASSWORD '0123abcd';"
    assert [line for line in lines if "0123abcd" in line] == lines[-1:]


@pytest.mark.parametrize(
    ("password", "literal"),
    [("it's", "'it''s'"), ("'; DROP ROLE app; --", "'''; DROP ROLE app; --'"), ("a\\b", "'a\\b'"), ("a:b", "'a:b'")],
)
def test_quotes_in_a_password_do_not_end_it(password: str, literal: str) -> None:
    assert inside.new_password("app", password).endswith(f" PASSWORD {literal};\n")


def test_quotes_in_a_role_do_not_end_it() -> None:
    assert 'ALTER ROLE "a""b" PASSWORD' in inside.new_password('a"b', "x")


def test_the_words_hold_no_password_and_show_no_line_of_sql() -> None:
    assert "--set=VERBOSITY=terse" in inside.SQL
    assert not [word for word in (*inside.SQL, *inside.REDIS_CLI) if "PASSWORD" in word]
