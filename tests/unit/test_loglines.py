"""Lines of logs: as Compose 2.26 prints them, as a person reads them, and what is said of those that puzzle people."""

import json
import os
import sys
from collections.abc import Generator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scaffold import explained, loglines, symptoms, telltales
from scaffold.cli import cli, run
from scaffold.cli.logs import Wish
from scaffold.engine import compose
from scaffold.errors import ExitCode, WrongInput
from scaffold.loglines import Line
from scaffold.screens import logs as screen

from ..builders import NOW, project, with_service

SERVICES = ("app", "socket-proxy", "traefik")
AT = "2026-11-22T19:27:27.256236421Z"
ACCESS = (
    '{"ClientAddr":"192.168.240.1:35462","ClientHost":"192.168.240.1","DownstreamStatus":404,"Duration":11978324,'
    '"RequestAddr":"localhost:27443","RequestHost":"localhost","RequestMethod":"GET","RequestPath":"/nope?a=b",'
    '"RouterName":"shop-app@docker","level":"info","msg":"","time":"2026-11-22T19:27:47Z"}'
)


def raw(text: str, name: str = "app-1", at: str = AT) -> bytes:
    """Return a line as Compose writes it, to a pipe, too."""
    return f"\x1b[2K{name:12}  | {at} {text}".encode()


def parsed(text: str, name: str = "app-1", at: str = AT) -> Line:
    return loglines.parse(raw(text, name, at), SERVICES)


def text_of(line: str) -> str:
    """Return what is shown of a line of Traefik's."""
    return parsed(line, "traefik-1").text


# ------------------------------------------------------------------ reading


def test_a_line_has_its_time_its_service_and_its_text() -> None:
    line = parsed("INFO:     Application startup complete.", "app-2")
    assert line == Line(
        datetime(2026, 11, 22, 19, 27, 27, 256236, tzinfo=UTC), "app", 2, "INFO:     Application startup complete."
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("socket-proxy-1", ("socket-proxy", 1)),
        ("app-12", ("app", 12)),
        ("a-name-of-its-own", ("a-name-of-its-own", 0)),
        ("postgres-17", ("postgres-17", 0)),
    ],
)
def test_a_container_belongs_to_the_service_of_its_name(name: str, expected: tuple[str, int]) -> None:
    line = parsed("x", name)
    assert (line.service, line.number) == expected


def test_an_empty_line_is_one() -> None:
    assert parsed("").text == ""


def test_what_compose_says_has_no_time() -> None:
    ended = loglines.parse(b"app-2 exited with code 0", SERVICES)
    assert (ended.at, ended.service, ended.number, ended.text) == (None, "app", 2, "exited with code 0")
    warned = loglines.parse(b'time="2026-11-22T19:27:27Z" level=warning msg="x"', SERVICES)
    assert (warned.at, warned.service) == (None, "")


def test_lines_are_sorted_by_time_and_those_of_one_moment_stay() -> None:
    late, early = parsed("late", at="2026-11-22T19:27:28Z"), parsed("early", "traefik-1", at="2026-11-22T19:27:26Z")
    first, second, said = parsed("1"), parsed("2"), loglines.parse(b"said", SERVICES)
    assert loglines.merged([late, first, second, early, said]) == [said, early, first, second, late]


def test_a_long_line_is_whole_again() -> None:
    pieces = f" {'x' * 16384}{AT} {'y' * 16384}{AT} z"
    line = loglines.parse(raw("").rstrip() + pieces.encode(), SERVICES)
    assert line.text == "x" * 16384 + "y" * 16384 + "z"


# ------------------------------------------------------------------ what a hostile app writes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[2J\x1b[1;1Hgone", "\\x1b[2J\\x1b[1;1Hgone"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("a\rapp-1  | forged", "a\\x0dapp-1  | forged"),
        ("\x9b31m", "\\x9b31m"),
        ("a\u202eb\u2028c", "a\\u202eb\\u2028c"),
        ("a\x0bb\x00c\x7f", "a\\x0bb\\x00c\\x7f"),
        ("\x1b[32mINFO\x1b[0m: fine\r", "INFO: fine"),
        ("a\tb é ✓", "a\tb é ✓"),
    ],
    ids=["clears", "title", "carriage return", "C1", "direction", "others", "colours", "harmless"],
)
def test_a_line_can_do_nothing_to_a_terminal(text: str, expected: str) -> None:
    assert parsed(text).text == expected


def test_what_is_hidden_in_traefiks_json_can_do_nothing_either() -> None:
    assert text_of('{"level":"error","message":"\\u001b[2Jx","error":"a\\nb"}') == "error \\x1b[2Jx: a b"
    assert "\x1b" not in text_of(ACCESS.replace("/nope", "/\\u001b[2J"))


def test_bytes_that_are_no_text_are_shown_as_such() -> None:
    assert loglines.parse(raw("") + b"\xff\xfe", SERVICES).text == "\ufffd\ufffd"


# ------------------------------------------------------------------ Traefik


def test_a_request_is_one_readable_line() -> None:
    assert text_of(ACCESS) == "192.168.240.1 GET localhost/nope?a=b 404 12 ms"


def test_a_request_that_no_router_took_says_so() -> None:
    entry = json.loads(ACCESS)
    del entry["RouterName"]
    assert text_of(json.dumps(entry)).endswith("404 12 ms, no router")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            '{"level":"info","time":"x","message":"\\nStats collection\\nis disabled.\\n"}',
            "info Stats collection is disabled.",
        ),
        (
            '{"level":"error","entryPointName":"websecure","routerName":"mid@docker","error":"no such thing"}',
            "error no such thing (routerName=mid@docker)",
        ),
        ('{"level":"debug","other":1}', 'debug {"level": "debug", "other": 1}'),
        ('{"level":"error","message":"cut o', '{"level":"error","message":"cut o'),
        ('{"RequestMethod": null, "Duration": "x"}', "- None -- -, no router"),
        ("[" * 3000, "[" * 3000),
        ('{"a":' * 3000, '{"a":' * 3000),
        ("command traefik error: failed", "command traefik error: failed"),
    ],
    ids=["message", "error alone", "neither", "broken", "odd", "a list", "deep", "plain"],
)
def test_other_lines_of_traefiks_have_level_message_and_error(line: str, expected: str) -> None:
    assert text_of(line) == expected


def test_json_of_the_app_is_its_own() -> None:
    assert parsed(ACCESS).text == ACCESS


# ------------------------------------------------------------------ since


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10m", NOW - timedelta(minutes=10)),
        ("1h30m", NOW - timedelta(minutes=90)),
        ("1.5s", NOW - timedelta(seconds=1.5)),
        ("2026-08-01T12:00:00Z", NOW),
        ("2026-08-01T14:00:00+02:00", NOW),
    ],
)
def test_a_time_is_understood(text: str, expected: datetime) -> None:
    assert loglines.since(text, NOW) == expected


def test_a_time_without_a_zone_is_local() -> None:
    assert loglines.since("2026-08-01T12:00:00", NOW) == datetime(2026, 8, 1, 12).astimezone(UTC)


@pytest.mark.parametrize(
    "text", ["", "5x", "h", "1.2.3s", "-5m", "yesterday", "9" * 30 + "h", "2026-13-01", "0001-01-01"]
)
def test_what_is_no_time_is_refused_with_examples(text: str) -> None:
    with pytest.raises(WrongInput, match="is no time") as caught:
        loglines.since(text, NOW)
    assert "10m" in caught.value.hint


# ------------------------------------------------------------------ what puzzles people

APPS = {
    "INFO:     Child process [8] died": "a worker was ended",
    "ERROR:    Child process [1288] failed to start, stopping the parent process.": "cannot be imported",
    "ERROR:    [Errno 98] error while attempting to bind on address ('0.0.0.0', 8000): address already in use": (
        "port 8000"
    ),
    "Error: No such option '--timeout-keep-alives'. (Did you mean one of: '--timeout-keep-alive'?)": (
        "no option --timeout-keep-alives"
    ),
    "Error: No such option: --timeout-keep-alive": "no option --timeout-keep-alive:",
    "KeyError: 'STRIPE_KEY'": "the app misses STRIPE_KEY",
}
"""As uvicorn 0.54 prints them with two workers of which one was killed, an app that is not there, a port that is taken
and an option that is misspelt; as click 8.1 does, and Python."""
PROXYS = {
    '{"level":"error","providerName":"docker","error":"Error response from daemon: client version 1.24 is too old. '
    'Minimum supported API version is 1.44, please upgrade your client to a newer version",'
    '"time":"2025-11-20T04:01:34Z","message":"Failed to retrieve information of the docker client and server '
    'host"}': "stack check --only host.api",
    '{"level":"error","providerName":"docker","providerName":"docker","routerName":"twice","configuration":["h-b1-543b",'
    '"h-b2-b756"],"time":"2026-11-22T19:34:59Z","message":"HTTP router defined multiple times with different '
    'configurations"}': "rename one",
    '{"level":"warn","providerName":"docker","container":"h-b3-5395","serviceName":"s3","time":"2026-11-22T19:35:00Z",'
    '"message":"Could not find network named \\"nowhere\\" for container \\"/h-b3\\". Maybe you\'re missing the '
    "project's prefix in the label?\"}": "there is no network nowhere:",
    '{"level":"error","providerName":"docker","container":"h-b4-de69","error":"service \\"h-b4\\" error: port is '
    'missing","time":"2026-11-22T19:35:01Z"}': "which port to ask",
    '{"level":"error","providerName":"docker","providerName":"docker","error":"decoding Docker labels: '
    'strconv.ParseBool: parsing \\"perhaps\\": invalid syntax","time":"2026-11-22T19:46:32Z",'
    '"message":"Skip container app-h-inner-j"}': "a label of app-h-inner-j,",
    '{"level":"error","routerName":"res@docker","certificateResolver":"nope","time":"2026-11-22T19:35:03Z",'
    '"message":"Router uses a nonexistent certificate resolver"}': "asks for the certificate resolver nope",
    '{"level":"error","entryPointName":"websecure","routerName":"mid@docker","error":"middleware \\"nope@docker\\" '
    'does not exist","time":"2026-11-22T19:35:04Z"}': "the middleware nope@docker,",
    '{"level":"error","entryPointName":"websecure","routerName":"svc@docker","error":"the service \\"nope@docker\\" '
    'does not exist","time":"2026-11-22T19:35:07Z"}': "the service nope@docker,",
    '{"level":"error","entryPointName":"websecure","routerName":"rule@docker","error":"error while parsing rule '
    "Host(`f.test`: parsing rule Host(`f.test`: 1:14: missing ',' before newline in argument list\","
    '"time":"2026-11-22T19:35:05Z"}': "rule cannot be read",
    '{"level":"error","error":"command entrypoint.sh error: error while building entryPoint b: building listener: '
    'error opening listener: listen tcp :81: bind: address already in use","time":"2026-11-22T19:50:54Z",'
    '"message":"Command error"}': "two entry points",
    '{"level":"error","providerName":"acme.acme","domains":["demo.shop"],"error":"unable to generate a certificate for '
    "the domains [demo.shop]: error: one or more domains had a problem:\\n[demo.shop] [demo.shop: invalid "
    "authorization: acme: error: 400 :: urn:ietf:params:acme:error:dns :: DNS problem: NXDOMAIN looking up A for "
    'demo.shop - check that a DNS record exists for this domain]","message":"Unable to obtain ACME certificate for '
    'domains"}': "the DNS does not know demo.shop",
}
"""As Traefik 3.7.15 writes them for labels that were broken one by one, and for two entry points on one port. The
first is of traefik/traefik issue 12294; the last is put together, test_orders has real ones."""
COMPOSES = {
    'time="2026-11-22T19:50:54Z" level=warning msg="The \\"FOO\\" variable is not set. '
    'Defaulting to a blank string."': "asks for FOO:"
}


def told(*lines: Line) -> Iterator[explained.Told]:
    return explained.told(lines, project())


@pytest.mark.parametrize("line", APPS)
def test_lines_of_apps_that_puzzle_people_are_explained(line: str) -> None:
    assert APPS[line] in next(told(parsed(line))).meaning


@pytest.mark.parametrize("line", PROXYS)
def test_lines_of_traefiks_that_puzzle_people_are_explained(line: str) -> None:
    assert PROXYS[line] in next(told(parsed(line, "traefik-1"))).meaning


@pytest.mark.parametrize("line", COMPOSES)
def test_what_compose_warns_of_is_explained(line: str) -> None:
    assert COMPOSES[line] in next(told(loglines.parse(line.encode(), SERVICES))).meaning


@pytest.mark.parametrize(
    ("table", "lines"),
    [(telltales.APPS, APPS), (telltales.PROXYS, PROXYS), (telltales.COMPOSES, COMPOSES)],
    ids=["app", "proxy", "compose"],
)
def test_every_telltale_has_a_real_line(table: dict[str, str], lines: dict[str, str]) -> None:
    shown = [parsed(line, "traefik-1").text for line in lines]
    met = {found[0] for text in shown if (found := telltales.tell(table, text))}
    assert met == set(table)


def test_each_kind_is_explained_once() -> None:
    lines = [parsed(f"INFO:     Child process [{pid}] died") for pid in (8, 9)]
    first, second, other = told(*lines, parsed("KeyError: 'STRIPE_KEY'"))
    assert (bool(first.meaning), bool(second.meaning), bool(other.meaning)) == (True, False, True)


def test_ordinary_lines_and_requests_are_not_explained() -> None:
    entry = json.loads(ACCESS)
    asked = parsed(json.dumps({**entry, "RequestPath": "/port is missing/KeyError: 'AB'"}), "traefik-1")
    assert [one.meaning for one in told(asked, parsed("INFO:     Started server process [9]"))] == ["", ""]


def test_an_explanation_can_do_nothing_to_a_terminal() -> None:
    line = parsed(
        '{"level":"error","certificateResolver":"\\u001b[2J","message":"Router uses a nonexistent certificate'
        ' resolver"}',
        "traefik-1",
    )
    assert "\x1b" not in next(told(line)).meaning


def test_last_words_have_their_table() -> None:
    assert not set(telltales.APPS) & set(symptoms.KNOWN)


# ------------------------------------------------------------------ the screen


def shown(*lines: Line, colour: bool = False, replicas: int = 1) -> list[str]:
    of = with_service(project(), "app", replicas=replicas)
    return list(screen.Screen(of, (), colour=colour, width=80).lines(told(*lines)))


def local(text: str) -> str:
    return f"{datetime.fromisoformat(text).astimezone():%H:%M:%S}"


def test_a_line_is_shown_with_its_local_time_below_its_day() -> None:
    day, line = shown(parsed("hello"))
    assert day == f"{datetime.fromisoformat(AT).astimezone():%A, %Y-%m-%d}"
    assert line == f"{local(AT)} app          hello"


def test_another_day_has_a_line_of_its_own_and_the_same_day_none() -> None:
    lines = shown(parsed("a"), parsed("b"), parsed("c", at="2026-11-24T19:27:27Z"))
    assert [line.split()[-1] for line in lines] == ["2026-11-22", "a", "b", "2026-11-24", "c"]


def test_a_container_has_its_number_where_there_are_several() -> None:
    assert " app-1 " in shown(parsed("x"), replicas=2)[1]
    assert " app-2 " in shown(parsed("x", "app-2"))[1]


def test_an_explanation_stands_below_its_line_in_80_columns() -> None:
    _, line, *meaning = shown(parsed("INFO:     Child process [8] died"))
    assert "died" in line
    assert meaning[0].strip().startswith("→ a worker was ended")
    assert max(map(len, meaning)) <= 80


def test_services_differ_in_colour_and_without_colours_nothing_is_painted() -> None:
    both = (parsed("x"), parsed("x", "traefik-1"))
    painted, plain = shown(*both, colour=True), shown(*both)
    assert painted[1].split("\x1b[")[3] != painted[2].split("\x1b[")[3]
    assert "\x1b" not in "".join(plain)


def test_the_document_has_every_line() -> None:
    document = screen.document("demo", told(parsed("INFO:     Child process [8] died"), parsed(ACCESS, "traefik-1")))
    first, second = json.loads(json.dumps(document))["lines"]
    assert (first["service"], first["number"], first["at"]) == ("app", 1, "2026-11-22T19:27:27.256236+00:00")
    assert first["meaning"].startswith("a worker was ended")
    assert (second["text"], second["meaning"]) == ("192.168.240.1 GET localhost/nope?a=b 404 12 ms", "")


# ------------------------------------------------------------------ Compose, which is a script here


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the script that answers to `docker`."""
    path = tmp_path / "bin" / "docker"
    path.parent.mkdir()
    monkeypatch.setenv("PATH", f"{path.parent}:{os.environ['PATH']}")
    return path


def script(path: Path, text: str) -> None:
    path.write_text(f"#!{sys.executable}\nimport signal, sys\n{text}", encoding="utf-8")
    path.chmod(0o755)


def test_lines_end_at_new_lines_alone_and_warnings_are_among_them(docker: Path, tmp_path: Path) -> None:
    script(docker, r"sys.stderr.write('warned\n'); sys.stderr.flush(); sys.stdout.buffer.write(b'a\rb\x0bc\n\xff\n')")
    with compose.lines(tmp_path, "logs") as found:
        assert list(found) == [b"warned", b"a\rb\x0bc", b"\xff"]


def test_a_command_that_fails_is_told_with_its_last_words(docker: Path, tmp_path: Path) -> None:
    script(docker, "print('no such thing'); sys.exit(14)")
    with pytest.raises(compose.ComposeFailed) as caught, compose.lines(tmp_path, "logs") as found:
        list(found)
    assert (caught.value.status, caught.value.evidence) == (14, ("no such thing",))


def test_who_reads_no_further_ends_the_command(docker: Path, tmp_path: Path) -> None:
    script(docker, "import os; print(os.getpid(), flush=True); signal.pause()")

    def following() -> Generator[bytes, None, None]:
        with compose.lines(tmp_path, "logs", "--follow") as found:
            yield from found

    lines = following()
    pid = int(next(lines))
    lines.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


# ------------------------------------------------------------------ the command line


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        (Wish(), 200),
        (Wish(since="1h"), None),
        (Wish(since="1h", tail=5), 5),
        (Wish(tail=0), 0),
        (Wish(follow=True), 200),
    ],
)
def test_so_many_lines_are_shown(wish: Wish, expected: int | None) -> None:
    assert wish.most == expected


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--follow", "--json"], "--json prints one document"),
        (["--since", "5x"], "--since '5x' is no time"),
        (["--tail", "-1"], "-1 is not in the range"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_asked(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, words: list[str], sentence: str
) -> None:
    assert run(["logs", "-C", str(tmp_path), *words]) == ExitCode.WRONG_INPUT
    shown = capsys.readouterr()
    assert sentence in shown.out + shown.err


@pytest.mark.parametrize("name", ["status", "logs"])
def test_the_commands_have_an_example(name: str) -> None:
    assert f"Example: stack {name} " in str(cli.commands[name].help)
