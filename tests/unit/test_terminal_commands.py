"""Commands that hand the terminal to another program. The program is a script that is called `docker` here."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from scaffold.cli import cli, dev, enter, run
from scaffold.engine import compose
from scaffold.errors import ExitCode, StackError, WrongInput
from scaffold.project import Port, Project, Service

from ..builders import APP, project, shared_proxy

ROOT = Path(__file__).parents[2]
CALL = """\
import signal, sys
from pathlib import Path
from scaffold.engine import compose
for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(ending, signal.default_int_handler)
ended = compose.attached(Path("."), *sys.argv[1:], files=["a.yaml", "b.yaml"])
print(ended, flush=True)
"""
SLOW = """\
import signal, sys, time
def stop(number, _):
    print("heard", number, flush=True)
    sys.stdin.readline()
    print("stopped", flush=True)
    sys.exit(130)
for ending in (signal.SIGINT, signal.SIGTERM):
    signal.signal(ending, stop)
print("up", flush=True)
signal.pause()
"""
"""Takes its time after it was told to end: until somebody lets it."""


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the script that answers to `docker`."""
    path = tmp_path / "bin" / "docker"
    path.parent.mkdir()
    monkeypatch.setenv("PATH", f"{path.parent}:{os.environ['PATH']}")
    return path


def script(path: Path, text: str) -> None:
    path.write_text(f"#!{sys.executable}\n{text}", encoding="utf-8")
    path.chmod(0o755)


@contextmanager
def attached(*words: str) -> "Iterator[subprocess.Popen[str]]":
    """Run a command as the shell of a terminal does, in a process group of its own."""
    with subprocess.Popen(
        [sys.executable, "-c", CALL, *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        process_group=0,
    ) as process:
        yield process


def line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def test_the_command_gets_its_words_our_streams_and_its_status_is_told(docker: Path) -> None:
    script(docker, "import sys; print(sys.argv[1:], input()); sys.exit(7)")
    with attached("exec", "app", "ls", "-l") as process:
        out, _ = process.communicate("typed\n")
    assert out.splitlines() == [
        "['compose', '--file', 'a.yaml', '--file', 'b.yaml', 'exec', 'app', 'ls', '-l'] typed",
        "Ended(status=7, interrupted=False)",
    ]


def test_ctrl_c_is_the_commands_and_we_wait(docker: Path) -> None:
    script(docker, SLOW)
    with attached("up") as process:
        assert line(process) == "up"
        os.killpg(process.pid, signal.SIGINT)
        assert line(process) == f"heard {int(signal.SIGINT)}"
        assert process.poll() is None
        out, _ = process.communicate("now\n")
    assert out.splitlines() == ["stopped", "Ended(status=130, interrupted=True)"]


def test_who_ends_us_alone_ends_the_command_and_we_wait(docker: Path) -> None:
    script(docker, SLOW)
    with attached("up") as process:
        assert line(process) == "up"
        process.terminate()
        assert line(process) == f"heard {int(signal.SIGTERM)}"
        assert process.poll() is None
        out, _ = process.communicate("now\n")
    assert out.splitlines() == ["stopped", "Ended(status=130, interrupted=True)"]


def test_a_text_is_handed_over_and_stands_among_no_words(docker: Path, tmp_path: Path) -> None:
    script(docker, f"import json, sys; json.dump([sys.argv, sys.stdin.read()], open({str(tmp_path / 'seen')!r}, 'w'))")
    compose.feed(tmp_path, "hush\n", "exec", "postgres", "psql")
    words, text = json.loads((tmp_path / "seen").read_text(encoding="utf-8"))
    assert (words[1:], text) == (["compose", "exec", "postgres", "psql"], "hush\n")


@pytest.mark.parametrize("text", ["hush\n", "hush\n" * 100_000], ids=["short", "longer than a pipe"])
def test_a_text_that_is_not_taken_fails_with_what_was_said(docker: Path, tmp_path: Path, text: str) -> None:
    script(docker, "import sys; print('no', file=sys.stderr); sys.exit(3)")
    with pytest.raises(StackError) as caught:
        compose.feed(tmp_path, text, "exec", "postgres", "psql")
    assert caught.value.evidence == ("no",)


# ------------------------------------------------------------------ the command line


def handed(*words: str) -> tuple[object, object]:
    """Return a command's own words, and those that it hands on."""
    context = cli.commands["exec"].make_context("exec", list(words))
    return context.params["words"], context.params["command"]


@pytest.mark.parametrize(
    ("words", "own", "command"),
    [
        ((), (), ()),
        (("redis",), ("redis",), ()),
        (("--", "ls", "-l"), (), ("ls", "-l")),
        (("redis", "--", "sh", "-c", "x -- y", "--", "--debug"), ("redis",), ("sh", "-c", "x -- y", "--", "--debug")),
        (("redis", "ls", "-l"), ("redis", "ls", "-l"), ()),
    ],
    ids=["nothing", "a service", "a command", "both", "a command that stands wrong"],
)
def test_what_stands_behind_two_dashes_is_the_command(
    words: tuple[str, ...], own: tuple[str, ...], command: tuple[str, ...]
) -> None:
    assert handed(*words) == (own, command)


@pytest.mark.parametrize(
    ("words", "sentence", "hint"),
    [
        (["app", "ls", "-l"], "the command goes behind --", "stack exec app -- ls -l"),
        (["--bad"], "no such option: --bad", "a command goes behind --: stack exec -- ls -l"),
    ],
    ids=["a command", "an option"],
)
def test_words_that_stand_wrong_are_refused_with_where_they_go(
    capsys: pytest.CaptureFixture[str], words: list[str], sentence: str, hint: str
) -> None:
    assert run(["exec", *words]) == ExitCode.WRONG_INPUT
    assert capsys.readouterr().err == f"stack: {sentence}\n  → {hint}\n"


def test_the_json_of_the_command_is_not_ours(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["exec", "-C", str(tmp_path / "none"), "a", "b", "--", "--json"]) == ExitCode.WRONG_INPUT
    assert capsys.readouterr().err.startswith("stack: the command goes behind --")


def test_a_service_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(WrongInput, match="no service 'ls'; it has app, socket-proxy, traefik") as caught:
        enter.service(project(), "ls")
    assert "stack exec -- ls" in caught.value.hint


def test_where_there_is_no_app_nobody_is_sent_into_one() -> None:
    with pytest.raises(WrongInput, match="no service 'app'") as caught:
        enter.service(shared_proxy(), "app")
    assert caught.value.hint == "stack exec joiner"


@pytest.mark.parametrize(
    "stack",
    [shared_proxy(), project(services=(replace(APP, entrypoint=("nginx", "-e", "stderr")),))],
    ids=["proxy", "front end"],
)
def test_what_is_no_app_cannot_be_given_a_data_service(stack: Project) -> None:
    with pytest.raises(WrongInput, match="has no postgres: it is no app of its own") as caught:
        enter.refuse_without(stack, "postgres")
    assert caught.value.hint == ""


def test_a_data_service_that_was_not_chosen_is_refused_with_how_to_choose_it() -> None:
    with pytest.raises(WrongInput, match="demo has no postgres") as caught:
        enter.refuse_without(project(), "postgres")
    assert caught.value.hint == "stack update /srv/demo --data postgres=true"


# ------------------------------------------------------------------ development


def development(*ports: Port) -> Project:
    return Project("demo-dev", Path("/srv/demo"), (Service("app", "demo-dev-app:current", ports=ports),))


@pytest.mark.parametrize(
    ("port", "expected"),
    [(Port(8001, 8000, "127.0.0.1"), "http://127.0.0.1:8001"), (Port(8000, 8000), "http://127.0.0.1:8000")],
)
def test_the_developer_is_told_the_address_of_the_files(port: Port, expected: str) -> None:
    assert dev.address(development(port)) == expected


def test_an_app_that_publishes_nothing_is_refused_with_what_to_write() -> None:
    with pytest.raises(WrongInput, match="publishes no port") as caught:
        dev.address(development())
    assert "127.0.0.1:8000:8000" in caught.value.hint


@pytest.mark.parametrize("lacking", ["compose.yaml", "compose.dev.yaml"])
def test_a_file_that_development_needs_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], lacking: str
) -> None:
    for name in {"compose.yaml", "compose.dev.yaml"} - {lacking}:
        (tmp_path / name).touch()
    assert run(["dev", str(tmp_path)]) == ExitCode.WRONG_INPUT
    assert f"there is no {lacking} in {tmp_path}" in capsys.readouterr().err
