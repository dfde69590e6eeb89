"""template/traefik/entrypoint.sh, run by a shell: what Traefik is told."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaffold import dotenv
from scaffold.errors import WrongInput

SCRIPT = Path(__file__).parents[2] / "template/traefik/entrypoint.sh"
ACME = "TRAEFIK_CERTIFICATESRESOLVERS_ACME_ACME_"
RESOLVER = "TRAEFIK_ENTRYPOINTS_WEBSECURE_HTTP_TLS_CERTRESOLVER"
USUAL = {
    "STACK_CERTIFICATES": "acme",
    "STACK_CHALLENGE": "http",
    "STACK_ACME_EMAIL": "me@demo.test",
    "STACK_UPLOAD_MB": "0",
}

Start = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Start:
    """Return a function that runs the script with a Traefik that prints its environment."""
    folder = tmp_path_factory.mktemp("proxy")
    secret, script, traefik = folder / "traefik.env", folder / "entrypoint.sh", folder / "traefik"
    script.write_text(SCRIPT.read_text().replace("/run/secrets/traefik.env", str(secret)))
    traefik.write_text("#!/bin/sh\nexec env -0\n")
    traefik.chmod(0o755)

    def run(secrets: str = "", words: Sequence[str] = (), **environment: str) -> subprocess.CompletedProcess[bytes]:
        secret.write_bytes(secrets.encode())
        return subprocess.run(
            ["sh", script, *words],
            env={"PATH": f"{folder}:/usr/bin:/bin", **USUAL, **environment},
            capture_output=True,
            check=False,
        )

    return run


def told(done: subprocess.CompletedProcess[bytes]) -> Mapping[str, str]:
    """Return the environment that Traefik was started with."""
    assert done.returncode == 0, done.stderr
    return dict(line.partition("=")[::2] for line in done.stdout.decode().split("\0") if line)


def acme(done: subprocess.CompletedProcess[bytes]) -> dict[str, str]:
    """Return the settings of the certificate resolver."""
    return {name.removeprefix(ACME): value for name, value in told(done).items() if name.startswith(ACME)}


@pytest.mark.parametrize(
    ("certificates", "directory", "storage"),
    [
        ("acme", "https://acme-v02.api.letsencrypt.org/directory", "/tmp/acme.json"),
        ("staging", "https://acme-staging-v02.api.letsencrypt.org/directory", "/tmp/staging.json"),
        ("custom", "https://ca.example:14000/dir", "/tmp/custom-https-ca-example-14000-dir.json"),
    ],
)
def test_every_authority_has_its_directory_and_a_storage_of_its_own(
    start: Start, certificates: str, directory: str, storage: str
) -> None:
    done = start(STACK_CERTIFICATES=certificates, STACK_ACME_DIRECTORY="https://ca.example:14000/dir")

    assert told(done)[RESOLVER] == "acme"
    assert acme(done) == {
        "CASERVER": directory,
        "EMAIL": "me@demo.test",
        "HTTPCHALLENGE_ENTRYPOINT": "web",
        "KEYTYPE": "EC256",
        "STORAGE": storage,
    }


@pytest.mark.parametrize(
    ("challenge", "setting", "value"),
    [
        ("http", "HTTPCHALLENGE_ENTRYPOINT", "web"),
        ("tls-alpn", "TLSCHALLENGE", "true"),
        ("dns", "DNSCHALLENGE_PROVIDER", "httpreq"),
    ],
)
def test_one_challenge_is_named_and_no_other(start: Start, challenge: str, setting: str, value: str) -> None:
    told = acme(start(STACK_CHALLENGE=challenge, STACK_DNS_PROVIDER="httpreq"))

    assert {name: said for name, said in told.items() if "CHALLENGE" in name} == {setting: value}


@pytest.mark.parametrize("certificates", ["local", "files", "external"])
def test_where_nobody_signs_there_is_no_resolver(start: Start, certificates: str) -> None:
    done = start(STACK_CERTIFICATES=certificates)

    assert acme(done) == {}
    assert RESOLVER not in told(done)


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"STACK_CERTIFICATES": "letsencrypt"}, b"'letsencrypt': acme, staging, custom, local or files"),
        ({"STACK_CERTIFICATES": ""}, b"STACK_CERTIFICATES in .env is ''"),
        ({"STACK_CHALLENGE": "tls"}, b"'tls': http, tls-alpn or dns"),
        ({"STACK_CHALLENGE": "dns"}, b"STACK_DNS_PROVIDER"),
        ({"STACK_CERTIFICATES": "custom"}, b"STACK_ACME_DIRECTORY"),
        ({"STACK_UPLOAD_MB": "1.5"}, b"'1.5': a whole number of MB"),
        ({"STACK_UPLOAD_MB": "12345678"}, b"a whole number of MB"),
    ],
)
def test_a_word_that_means_nothing_is_named(start: Start, environment: dict[str, str], said: bytes) -> None:
    done = start(**environment)

    assert done.returncode != 0
    assert said in done.stderr


@pytest.mark.parametrize(
    ("environment", "entry_point", "seconds"),
    [
        ({}, "WEBSECURE", "60s"),
        ({"STACK_UPLOAD_MB": "7"}, "WEBSECURE", "60s"),
        ({"STACK_UPLOAD_MB": "200"}, "WEBSECURE", "1600s"),
        ({"STACK_UPLOAD_MB": "200", "STACK_UPLOAD_SECONDS": "90"}, "WEBSECURE", "90s"),
        ({"STACK_UPLOAD_MB": "200", "STACK_CERTIFICATES": "external"}, "WEB", "1600s"),
    ],
)
def test_a_request_may_take_as_long_as_the_largest_upload(
    start: Start, environment: dict[str, str], entry_point: str, seconds: str
) -> None:
    times = {name: value for name, value in told(start(**environment)).items() if name.endswith("READTIMEOUT")}

    assert times == {f"TRAEFIK_ENTRYPOINTS_{entry_point}_TRANSPORT_RESPONDINGTIMEOUTS_READTIMEOUT": seconds}


def test_secrets_get_into_the_environment(start: Start) -> None:
    text = "# mine\n\nA=$1 `x` \\n %s\nexport C='it''s'\r\n D=\"two  words\" \nE="

    environment = told(start(text))

    assert {name: environment[name] for name in "ACDE"} == {
        "A": "$1 `x` \\n %s",
        "C": "it''s",
        "D": "two  words",
        "E": "",
    }


@pytest.mark.parametrize("line", ["export   A=x", "\tA=x  ", "A= 'x'\r", 'A="x"', "export\tA=x"])
def test_blanks_and_quotes_around_are_none_of_the_value(start: Start, line: str) -> None:
    assert told(start(f"{line}\n"))["A"] == "x"
    assert dotenv.problems(f"{line}\n", escapes=False) == ()


@pytest.mark.parametrize("name", ["STACK_CERTIFICATES", "STACK_UPLOAD_MB", "PATH", "IFS"])
def test_what_the_script_goes_by_is_not_taken_from_secrets(start: Start, name: str) -> None:
    done = start(f"{name}=staging\n")

    assert (done.returncode, name.encode() in done.stderr) == (1, True)
    assert dotenv.problems(f"{name}=staging\n", escapes=False) != ()


def test_flags_are_refused_because_they_would_hide_the_environment(start: Start) -> None:
    done = start(words=["--log.level=DEBUG"])

    assert done.returncode == 1
    assert b"command: of traefik is not used" in done.stderr


@pytest.mark.parametrize("line", ["no equals", "1A=x", "A B=x", "=x", 'A="\\n"'])
def test_a_line_that_is_none_is_named_and_not_shown(start: Start, line: str) -> None:
    done = start(f"# one\n{line}\n")

    assert done.returncode == 1
    assert b"secrets/traefik.env, line 2" in done.stderr
    assert line.partition("=")[2].encode() not in done.stderr or not line.partition("=")[2]
    assert dotenv.problems(f"# one\n{line}\n", escapes=False) != ()


@settings(deadline=None, max_examples=60)
@given(st.text(st.characters(blacklist_categories=["Cs", "Cc"]) | st.sampled_from("'\"\\$` \t#="), min_size=1))
def test_any_value_of_one_line_survives(start: Start, value: str) -> None:
    text = dotenv.with_value("", "KEY", value, escapes=False)

    assert dotenv.problems(text, escapes=False) == ()
    assert told(start(text))["KEY"] == value


def test_a_value_of_several_lines_is_refused() -> None:
    with pytest.raises(WrongInput, match="more than one line"):
        dotenv.with_value("", "KEY", "one\ntwo", escapes=False)
