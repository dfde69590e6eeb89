"""What is run in a container that runs already: the words, and the SQL. No secret stands among the words."""

from collections.abc import Sequence

from .project import Service

ROLE = "app"
"""The role that the app is in PostgreSQL; its database has the same name."""

ENTRYPOINT = "/opt/stack/entrypoint.py"
"""Puts what the secrets hold into the environment, and becomes what stands behind it."""
SHELL = ("sh", "-c", "command -v bash >/dev/null && exec bash; exec sh")

PSQL = ("psql",)
PSQL_ENVIRONMENT = {"PGUSER": "postgres", "PGDATABASE": ROLE}
"""Over the socket. In the environment, so that psql's own words can say otherwise."""
REDIS_CLI = (
    "sh",
    "-c",
    'REDISCLI_AUTH="$(cat /run/secrets/redis_password)"; export REDISCLI_AUTH; exec redis-cli "$@"',
    "redis-cli",
)
SQL = (
    "psql",
    "--no-psqlrc",
    "--quiet",
    "--username=postgres",
    "--dbname=postgres",
    "--set=ON_ERROR_STOP=1",
    "--set=VERBOSITY=terse",  # otherwise an error quotes the line that it is about
)
"""Runs the statements on its standard input."""


def session(service: Service, command: Sequence[str]) -> tuple[str, ...]:
    """Return the words that run a command, or a shell, in the environment that the service itself got."""
    words = service.entrypoint
    before = words[: words.index(ENTRYPOINT) + 1] if ENTRYPOINT in words else ()
    return (*before, *(command or SHELL))


def new_password(role: str, password: str) -> str:
    """Return the SQL that gives a role a password: within 20 seconds or not at all, and with no trace in a log."""
    name, text = role.replace('"', '""'), password.replace("'", "''")
    return "\n".join(
        (
            "SET log_min_error_statement = panic;",
            "SET log_statement = none;",
            "SET log_min_duration_statement = -1;",
            "SET standard_conforming_strings = on;",
            "SET statement_timeout = '20s';",
            f"ALTER ROLE \"{name}\" PASSWORD '{text}';\n",
        )
    )
