"""The entry point of the app's container as Docker runs it: a process that becomes another one."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

SCRIPT = Path(__file__).parents[2] / "template" / "container" / "entrypoint.py"
SHOW = (sys.executable, "-c", "import json, os, sys; print(json.dumps([dict(os.environ), sys.argv[1:]]))")
AWKWARD = "p@:/?#%$ \"'\\+é"


class Container:
    """A folder of secrets, and a copy of the script that looks there."""

    def __init__(self, folder: Path) -> None:
        self.secrets = folder / "secrets"
        self.secrets.mkdir()
        text, found = re.subn(r"(?m)^SECRETS = .*$", f'SECRETS = "{self.secrets}"', SCRIPT.read_text(encoding="utf-8"))
        assert found == 1, f"{SCRIPT} sets SECRETS {found} times"
        self.script = folder / "entrypoint.py"
        self.script.write_text(text, encoding="utf-8")

    def put(self, name: str, text: str) -> None:
        (self.secrets / name).write_bytes(text.encode())

    def run(self, *words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-I", "-S", str(self.script), *words],
            env={"PATH": "/usr/bin:/bin", **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def environment(self, **environment: str) -> Mapping[str, str]:
        """Return what the command finds in its environment."""
        done = self.run(*SHOW, **environment)
        assert (done.returncode, done.stderr) == (0, "")
        found: dict[str, str] = json.loads(done.stdout)[0]
        return found

    def refusal(self, *words: str) -> str:
        """Return the sentence with which it ends instead of becoming the command."""
        done = self.run(*(words or SHOW))
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.count("\n") == 1
        return done.stderr.replace(str(self.secrets), "/run/secrets").strip()


@pytest.fixture
def container(tmp_path: Path) -> Container:
    return Container(tmp_path)


def test_without_secrets_the_environment_is_as_it_was(container: Container) -> None:
    assert {"DATABASE_URL", "REDIS_URL"} & set(container.environment()) == set()


def test_the_containers_own_networks_are_spelt_out_for_the_server(container: Container) -> None:
    done = container.run(*SHOW, "--forwarded-allow-ips=own-networks,192.0.2.7", "own-networks")
    trusted, other = json.loads(done.stdout)[1]
    *networks, proxy = trusted.removeprefix("--forwarded-allow-ips=").split(",")
    assert (proxy, other) == ("192.0.2.7", "own-networks")
    assert all(ip_network(one).prefixlen for one in networks if one)


@pytest.mark.parametrize("password", ["0123abcd", AWKWARD], ids=["as generated", "awkward"])
def test_passwords_become_addresses_that_any_parser_reads(container: Container, password: str) -> None:
    container.put("postgres_password", f"{password}\n")
    container.put("redis_password", password)
    found = container.environment()
    database, redis = urlsplit(found["DATABASE_URL"]), urlsplit(found["REDIS_URL"])
    assert (database.scheme, database.username, database.hostname, database.port, database.path) == (
        "postgresql",
        "app",
        "postgres",
        5432,
        "/app",
    )
    assert (redis.scheme, redis.username, redis.hostname, redis.port, redis.path) == ("redis", "", "redis", 6379, "/0")
    assert [unquote(str(one.password)) for one in (database, redis)] == [password, password]


def test_every_awkward_character_is_encoded(container: Container) -> None:
    container.put("postgres_password", '@:/?#%$ "')
    assert container.environment()["DATABASE_URL"] == "postgresql://app:%40%3A%2F%3F%23%25%24%20%22@postgres:5432/app"


def test_the_scheme_of_the_database_is_the_apps_to_choose(container: Container) -> None:
    container.put("postgres_password", "x")
    found = container.environment(DATABASE_SCHEME="postgresql+asyncpg")
    assert found["DATABASE_URL"] == "postgresql+asyncpg://app:x@postgres:5432/app"


def test_what_is_in_the_environment_already_wins_over_what_is_derived(container: Container) -> None:
    container.put("postgres_password", "x")
    container.put("redis_password", "x")
    found = container.environment(DATABASE_URL="elsewhere", REDIS_URL="")
    assert (found["DATABASE_URL"], found["REDIS_URL"]) == ("elsewhere", "")


def test_the_apps_own_settings_win_over_everything(container: Container) -> None:
    container.put("postgres_password", "x")
    container.put("app.env", "DATABASE_URL=mine\nMODE=secret\n")
    found = container.environment(DATABASE_URL="elsewhere", MODE="plain")
    assert (found["DATABASE_URL"], found["MODE"]) == ("mine", "secret")


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=", ""),
        ("A=$HOME costs 100% #1", "$HOME costs 100% #1"),
        ("export A=x", "x"),
        ("A='x y'", "x y"),
        (r'A="x\ny \"z\" \\ \u00e9"', 'x\ny "z" \\ é'),
        ("A=it's", "it's"),
        ("# A=0\n\n  A=1  \r\nA=2", "2"),
    ],
    ids=["empty", "as it stands", "export", "single quotes", "JSON", "an apostrophe", "the last one counts"],
)
def test_a_line_becomes_a_variable(container: Container, line: str, value: str) -> None:
    container.put("app.env", line)
    assert container.environment()["A"] == value


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("A=1\nhush hush\n", "/run/secrets/app.env, line 2: not of the form NAME=VALUE"),
        ("A=1\n\n1A=hush", "/run/secrets/app.env, line 3: not of the form NAME=VALUE"),
        (
            'A="hush\\q"',
            '/run/secrets/app.env, line 1: A: in double quotes a \\ is written \\\\ and a " is written \\"',
        ),
        ('A="hush" "hush"', "/run/secrets/app.env, line 1: A: in double quotes "),
        ("A=hush\0", "/run/secrets/app.env, line 1: A: an environment variable cannot hold the character NUL"),
        ('B=1\nA="hush\\u0000"', "/run/secrets/app.env, line 2: A: an environment variable cannot hold the character"),
        ('A="hush\\ud800"', "/run/secrets/app.env, line 1: A: half of a surrogate pair"),
    ],
    ids=["no equals sign", "no name", "backslash", "two strings", "NUL", "NUL in JSON", "half a character"],
)
def test_a_line_that_is_none_is_named_by_number_and_not_shown(container: Container, text: str, sentence: str) -> None:
    container.put("app.env", text)
    said = container.refusal()
    assert said.startswith(f"entrypoint: {sentence}")
    assert "hush" not in said


@pytest.mark.parametrize("store", ["postgres", "redis"])
@pytest.mark.parametrize("text", ["", "\n"])
def test_an_empty_password_is_refused(container: Container, store: str, text: str) -> None:
    container.put(f"{store}_password", text)
    assert container.refusal() == f"entrypoint: /run/secrets/{store}_password is empty"


def test_a_file_that_is_no_text_is_refused_and_not_shown(container: Container) -> None:
    (container.secrets / "app.env").write_bytes(b"A=hush\xff")
    said = container.refusal()
    assert said.startswith("entrypoint: /run/secrets/app.env cannot be read: ")
    assert "hush" not in said


def test_the_command_gets_its_arguments_as_they_are(container: Container) -> None:
    words = ["", "a b", "$HOME", "-x", "--", "'\"", "é\n"]
    done = container.run(*SHOW, *words)
    assert json.loads(done.stdout)[1] == words


@pytest.mark.parametrize("status", [0, 7])
def test_the_status_is_the_commands_own(container: Container, status: int) -> None:
    assert container.run("sh", "-c", f"exit {status}").returncode == status


def test_the_process_becomes_the_command(container: Container) -> None:
    with subprocess.Popen(
        [sys.executable, "-I", "-S", container.script, "sh", "-c", "echo $$"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.communicate()[0] == f"{process.pid}\n"


@pytest.mark.parametrize(
    ("word", "why"), [("no-such-command", "No such file or directory"), ("/", "Permission denied")]
)
def test_a_command_that_cannot_be_run_is_named(container: Container, word: str, why: str) -> None:
    done = container.run(word, "argument")
    assert (done.returncode, done.stdout, done.stderr) == (127, "", f"entrypoint: {word} cannot be run: {why}\n")


def test_the_container_reads_secrets_where_compose_puts_them() -> None:
    assert re.search(r'(?m)^SECRETS = "/run/secrets"$', SCRIPT.read_text(encoding="utf-8"))
