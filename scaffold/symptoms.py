"""What the last words of a container mean, where they are known to puzzle people."""

import re
from collections.abc import Iterable, Mapping

KEEP = (
    ', and its disk is read-only: keep that path in a volume, with `stack update --data data="PATHS"` (all such paths),'
    " or write to /tmp"
)
MISSED = (
    " in its environment, and does not see .env: a secret comes in with `stack secret set NAME`, anything else under"
    " `environment:` in compose.app.yaml, such as NAME: ${NAME} for one that .env has"
)
KNOWN: Mapping[str, str] = {
    # Python: OSError with EROFS. SQLite's SQLITE_CANTOPEN and SQLITE_READONLY name no path.
    r"Read-only file system: b?['\"]([^'\"]+)['\"]": rf"the app writes \1{KEEP}",
    r"unable to open database file|attempt to write a readonly database": f"the app writes its SQLite file{KEEP}",
    # os.environ, and pydantic-settings 2
    r"KeyError: '([A-Z][A-Z0-9_]+)'": rf"the app misses \1{MISSED}",
    r"validation errors? for (\w*(?:Settings|Config)\w*)": rf"the app misses what \1 reads{MISSED}",
    r"Permission denied: b?['\"]([^'\"]+)['\"]": (
        r"the app's user may not use \1: look at its owner and mode, in the image or in the volume"
    ),
    # The stack's entry point, and `timeout`, whose quotes depend on the locale
    r"entrypoint: (.+) cannot be run: |timeout: failed to run command ['\u2018](.+)['\u2019]: ": (
        r"the image has no \1\2 that could be run: look at `command`, of app or of prestart, in compose.app.yaml"
    ),
    r"Can't locate revision identified by '(.+)'": (
        r"the database is ahead of this code, which has no migration \1: an older version is being started"
    ),
    # Before the password: PostgreSQL's log tells of both, and its clients hear of the password alone.
    r"(?:[Rr]ole|database) \"app\" does not exist": (
        "PostgreSQL's first start was interrupted while its volume was being filled: when there is no data in it yet,"
        " `docker compose down` and `docker volume rm PROJECT_postgres`, then start again"
    ),
    r"password authentication failed for user \"app\"|\"InvalidPasswordError\"": (
        "the role's password is not the one in secrets/postgres_password: `stack secret rotate postgres` gives both a"
        " new one"
    ),
    # The image's words are longer than what is shown of a log, so that it may begin with their end.
    r"database files are incompatible with server"
    r"|in 18\+, these Docker images are configured to store database data"
    r"|docker-library/postgres/issues/37": (
        "the volume holds the data of another major version of PostgreSQL: STACK_POSTGRES_VERSION in .env back to what"
        " it was, or dump the data with that version and restore it into a new volume"
    ),
    r"remaining connection slots are reserved|too many clients already": (
        "the app wants more than PostgreSQL's 100 connections: workers x the size of the pool that each of them has"
    ),
    r"No space left on device|could not extend file|\bDiskFull|no room left in /": (
        "the disk is full, or that volume: `docker system df`, `df -h`; /tmp is as large as STACK_APP_TMP in .env says"
    ),
    # libpq, asyncio, PostgreSQL, asyncpg. Without its port, who refuses could be anybody.
    r"port 5432 failed: Connection refused|Connect call failed \('[^']+', 5432\b|CannotConnectNowError"
    r"|the database system is (?:starting up|shutting down|not yet accepting connections)": (
        "PostgreSQL is not ready yet, or cannot start: `docker compose logs postgres`"
    ),
    # Redis, and redis-py 8, which leaves its first word out
    r"WRONGPASS|NOAUTH|redis\.exceptions\.AuthenticationError": (
        "the password in the app's REDIS_URL is not the one that Redis has: `stack secret rotate redis` gives both a"
        " new one"
    ),
    r"command not allowed when used memory > 'maxmemory'": (
        "Redis is full, and drops nothing by itself: a larger STACK_REDIS_MEMORY in .env, half of which is for data"
    ),
    r"connecting to redis:6379\.": "Redis is not ready yet, or cannot start: `docker compose logs redis`",
}
r"""What to do about words, with what they name as \1. When several are found, the first row counts."""


def advice(lines: Iterable[str]) -> str:
    """Return what to do about a container's last words; empty when they are none of those that are known."""
    text = "\n".join(lines)
    found = ((list(re.finditer(words, text)), sentence) for words, sentence in KNOWN.items())
    # Of several of a kind, the last is what it died of.
    return next((places[-1].expand(sentence) for places, sentence in found if places), "")
