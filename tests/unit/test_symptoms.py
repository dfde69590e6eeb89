"""What is said about a container's last words; these are as the programs print them."""

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

    assert f"the app writes {path}, " in symptoms.advice(log)
    assert "data=" in symptoms.advice(log)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "KeyError: 'Permission'",
        "OSError: [Errno 28] No space left: '/tmp/x'",
        # Of the healthcheck, while the app starts
        "GET /healthz: Connection refused",
        "httpx.ConnectError: [Errno 111] Connection refused",
        "ConnectionRefusedError: [Errno 111] Connect call failed ('10.0.0.9', 54321)",
        'password authentication failed for user "reports"',
    ],
)
def test_other_words_are_left_alone(line: str) -> None:
    assert symptoms.advice([line]) == ""


def test_the_last_of_several_paths_is_the_one_it_died_of() -> None:
    log = ["[Errno 30] Read-only file system: 'cache'", "[Errno 30] Read-only file system: 'uploads'"]

    assert "uploads" in symptoms.advice(log)


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
    assert "stack secret set NAME" in advice


LINES = {
    # asyncpg 0.32, SQLAlchemy 2.1, libpq, and an answer of the example app
    'asyncpg.exceptions.InvalidPasswordError: password authentication failed for user "app"': "secret rotate postgres",
    '(sqlalchemy.dialects.postgresql.asyncpg.Error) password authentication failed for user "app"': "rotate postgres",
    'connection to server at "172.18.0.2", port 5432 failed: FATAL:  password authentication failed for user "app"': (
        "rotate postgres"
    ),
    'GET /healthz: 503 {"notes":"InvalidPasswordError"}': "rotate postgres",
    '2026-11-22 08:56:16.162 UTC [150] DETAIL:  Role "app" does not exist.': "docker volume rm PROJECT_postgres",
    'psql: error: connection to server on socket "x" failed: FATAL:  role "app" does not exist': "docker volume rm",
    'asyncpg.exceptions.InvalidCatalogNameError: database "app" does not exist': "docker volume rm",
    "OSError: [Errno 28] No space left on device: '/tmp/upload'": "STACK_APP_TMP",
    'asyncpg.exceptions.DiskFullError: could not extend file "base/5/1259": No space left on device': "df -h",
    'ERROR:  could not extend file "base/5/1259": wrote only 4096 of 8192 bytes at block 9': "docker system df",
    "psycopg.errors.DiskFull: could not write to file": "docker system df",
    "no room left in /srv/uploads": "that volume",
    "FATAL:  database files are incompatible with server": "STACK_POSTGRES_VERSION",
    "Error: in 18+, these Docker images are configured to store database data in a": "STACK_POSTGRES_VERSION",
    "       See https://github.com/docker-library/postgres/issues/37 for a (long)": "STACK_POSTGRES_VERSION",
    'failed: connection to server at "172.18.0.2", port 5432 failed: Connection refused': "logs postgres",
    "ConnectionRefusedError: [Errno 111] Connect call failed ('172.18.0.2', 5432)": "logs postgres",
    "OSError: Multiple exceptions: [Errno 111] Connect call failed ('fd00::2', 5432, 0, 0)": "logs postgres",
    "asyncpg.exceptions.CannotConnectNowError: the database system is starting up": "logs postgres",
    'GET /healthz: 503 {"notes":"CannotConnectNowError"}': "logs postgres",
    "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute": "100 connections",
    "asyncpg.exceptions.TooManyConnectionsError: sorry, too many clients already": "100 connections",
    # Redis 8 by its own words, and by those of redis-py 8
    "WRONGPASS invalid username-password pair or user is disabled.": "stack secret rotate redis",
    "redis.exceptions.AuthenticationError: invalid username-password pair or user is disabled.": "rotate redis",
    "NOAUTH Authentication required.": "rotate redis",
    "OOM command not allowed when used memory > 'maxmemory'.": "STACK_REDIS_MEMORY",
    "redis.exceptions.OutOfMemoryError: command not allowed when used memory > 'maxmemory'.": "STACK_REDIS_MEMORY",
    "redis.exceptions.ConnectionError: Error 111 connecting to redis:6379. Connection refused.": "logs redis",
    "redis.exceptions.ConnectionError: Error -2 connecting to redis:6379. Name or service not known.": "logs redis",
    "entrypoint: gunicorn cannot be run: No such file or directory": "no gunicorn that could be run",
    "timeout: failed to run command 'alembic': No such file or directory": "no alembic that could be run",
    "timeout: failed to run command \u2018./x.sh\u2019: Permission denied": "no ./x.sh that could be run",
    "FAILED: Can't locate revision identified by '4f1c0a'": "no migration 4f1c0a: an older version",
}


@pytest.mark.parametrize("line", LINES)
def test_words_of_stores_and_tools_have_their_advice(line: str) -> None:
    assert LINES[line] in symptoms.advice(["first line", line, "last line"])


def test_a_role_that_is_missing_is_no_matter_of_its_password() -> None:
    log = ['FATAL:  password authentication failed for user "app"', 'DETAIL:  Role "app" does not exist.']

    assert "docker volume rm" in symptoms.advice(log)
