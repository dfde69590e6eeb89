"""template/watch/alert.sh, run by sh on what `stack check --json` prints."""

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from scaffold import report
from scaffold.checks import CHECKS, Finding, Outcome, Status
from scaffold.errors import NotReady, StackError

SCRIPT = Path(__file__).parents[2] / "template/watch/alert.sh"
TOLD = """\
#!/bin/sh
# Stands for logger: keeps the line, and fails where it is told to.
for line; do :; done
printf '%s\\n' "$line" >>"$TOLD"
[ ! -e "$TOLD.refuses" ]
"""
HOST = os.uname().nodename


@dataclass(frozen=True)
class Watched:
    """A project with its alert.sh, and what was told about it."""

    folder: Path
    told: Path

    def hears(self, text: str) -> "subprocess.CompletedProcess[str]":
        """Hand the script what a check has printed."""
        environment = {
            "PATH": f"{self.told.parent}:{os.environ['PATH']}",
            "TOLD": str(self.told),
            "HOME": str(self.told.parent),
        }
        words = ["sh", str(self.folder / "watch/alert.sh")]
        return subprocess.run(words, input=text, env=environment, capture_output=True, text=True, check=False)

    def lines(self) -> list[str]:
        """Return what was told so far, without who tells it."""
        told = self.told.read_text(encoding="utf-8").splitlines() if self.told.exists() else []
        return [line.removeprefix(f"my shop on {HOST}: ") for line in told]


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    folder, bin_ = tmp_path / "my shop", tmp_path / "bin"
    (folder / "watch").mkdir(parents=True)
    bin_.mkdir()
    shutil.copy(SCRIPT, folder / "watch")
    (bin_ / "logger").write_text(TOLD, encoding="utf-8")
    (bin_ / "wall").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")  # nobody is logged in
    for one in bin_.iterdir():
        one.chmod(0o755)
    return Watched(folder, bin_ / "told")


def document(*failing: str, seen: str = "seen") -> str:
    """Return what `stack check --json` prints when some checks fail."""
    found = [
        Finding(one, Outcome(Status.FAIL if one.id in failing else Status.PASS, (seen, '"id": "x.y",')))
        for one in CHECKS
    ]
    return report.as_json(report.findings_document("shop", found)) + "\n"


def error(failure: StackError) -> str:
    return report.as_json(report.error_document(failure)) + "\n"


GOOD = document()
HEALTHY = "app.healthy failed. More: stack check"


@contextmanager
def at_work(folder: Path) -> Iterator[None]:
    """Hold what a `stack up` holds."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def test_what_is_good_is_not_worth_a_word(watched: Watched) -> None:
    done = watched.hears(GOOD)
    assert (done.returncode, done.stdout, done.stderr, watched.lines()) == (0, "", "", [])


def test_what_breaks_is_told_once_and_so_is_that_it_is_good_again(watched: Watched) -> None:
    for text in (GOOD, document("app.healthy"), document("app.healthy"), document("app.healthy"), GOOD, GOOD):
        assert watched.hears(text).returncode == 0
    assert watched.lines() == [HEALTHY, "good again"]


def test_after_it_was_good_the_next_time_is_told_again(watched: Watched) -> None:
    for text in (document("app.healthy"), GOOD, document("app.healthy")):
        watched.hears(text)
    assert watched.lines() == [HEALTHY, "good again", HEALTHY]


def test_a_further_failure_is_told_and_one_less_is_not(watched: Watched) -> None:
    for failing in (["app.healthy"], ["tls.days", "app.healthy"], ["tls.days"], ["tls.days"]):
        watched.hears(document(*failing))
    assert watched.lines() == [HEALTHY, "app.healthy tls.days failed. More: stack check"]


def test_what_breaks_again_is_told_again_while_something_else_is_still_broken(watched: Watched) -> None:
    for failing in (["tls.days"], ["tls.days", "app.healthy"], ["tls.days"], ["tls.days", "app.healthy"]):
        watched.hears(document(*failing))
    assert len(watched.lines()) == 3


def test_whoever_started_it_gets_the_line_too(watched: Watched) -> None:
    """Cron sends it as a mail."""
    assert watched.hears(document("app.healthy")).stdout == f"my shop on {HOST}: {HEALTHY}\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (error(NotReady('no "engine" answers', hint="start it")), r"no \"engine\" answers"),
        ("", "it did not come to an end"),
        ("Traceback (most recent call last):\n", "it did not come to an end"),
    ],
    ids=["no engine", "nothing", "something else"],
)
def test_a_check_that_could_not_look_is_told_once(watched: Watched, text: str, words: str) -> None:
    watched.hears(text)
    watched.hears(text)
    assert watched.lines() == [f"stack check could not look: {words}"]


def test_nobody_was_told_when_telling_failed_and_the_next_check_tries_again(watched: Watched) -> None:
    refuses = watched.told.with_name("told.refuses")
    refuses.touch()
    assert watched.hears(document("app.healthy")).returncode != 0
    assert watched.hears(document("app.healthy")).returncode != 0
    refuses.unlink()
    watched.hears(document("app.healthy"))
    watched.hears(document("app.healthy"))
    assert watched.lines() == [HEALTHY] * 3


def test_of_what_nobody_was_told_nobody_is_told_that_it_is_good(watched: Watched) -> None:
    watched.told.with_name("told.refuses").touch()
    watched.hears(document("app.healthy"))
    watched.hears(GOOD)
    assert watched.lines() == [HEALTHY]


def test_while_stack_is_at_work_nothing_is_told(watched: Watched) -> None:
    with at_work(watched.folder):
        assert watched.hears(document("app.healthy")).returncode == 0
    assert watched.lines() == []
    watched.hears(document("app.healthy"))
    assert watched.lines() == [HEALTHY]


def test_two_projects_do_not_share_what_was_told(watched: Watched, tmp_path: Path) -> None:
    other = Watched(tmp_path / "blog", watched.told)
    shutil.copytree(watched.folder, other.folder)
    watched.hears(document("app.healthy"))
    other.hears(GOOD)
    other.hears(document("app.healthy"))
    assert watched.lines() == [HEALTHY, f"blog on {HOST}: {HEALTHY}"]


def test_the_failures_are_handed_over_as_json(watched: Watched) -> None:
    script = watched.folder / "watch/alert.sh"
    text = script.read_text(encoding="utf-8")
    assert text.count("\ntell() {\n") == 1
    script.write_text(text.replace("\ntell() {\n", '\ntell() {\n  printf %s "$2" >"$TOLD.json"\n'), encoding="utf-8")
    given = watched.told.with_name("told.json")

    for failing in (["app.healthy"], ["app.forged", "host.seen"]):
        said = document(*failing, seen='a "quoted" }, { brace')
        watched.hears(said)
        wanted = [one for one in json.loads(said)["findings"] if one["status"] == "fail"]
        assert json.loads(given.read_text(encoding="utf-8")) == wanted
        assert len(wanted) == len(failing)
    watched.hears(GOOD)
    assert json.loads(given.read_text(encoding="utf-8")) == []
    watched.hears("")
    assert json.loads(given.read_text(encoding="utf-8")) == []


def test_what_has_a_comment_in_front_of_it_works_as_it_stands(watched: Watched) -> None:
    """The webhook, with a `curl` that keeps what it is given."""
    script = watched.folder / "watch/alert.sh"
    lines = script.read_text(encoding="utf-8").splitlines()
    begin = next(number for number, line in enumerate(lines) if "# printf '{" in line)
    for number in (begin, begin + 1):
        lines[number] = lines[number].replace("# ", "", 1)
    script.write_text("\n".join(lines) + "\n", encoding="utf-8")
    curl = watched.told.with_name("curl")
    curl.write_text('#!/bin/sh\ncat >"$TOLD.sent"\n', encoding="utf-8")
    curl.chmod(0o755)

    watched.hears(document("app.healthy"))

    sent = json.loads(watched.told.with_name("told.sent").read_text(encoding="utf-8"))
    assert sent["text"] == f"my shop on {HOST}: {HEALTHY}"
    assert [one["id"] for one in sent["failed"]] == ["app.healthy"]


# ------------------------------------------------------------------ the units


def unit(name: str) -> dict[str, str]:
    """Return a unit's lines, by name."""
    text = (SCRIPT.parent / name).read_text(encoding="utf-8")
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))


def test_what_the_check_writes_is_what_the_alert_reads() -> None:
    check, alert = unit("stack-check@.service"), unit("stack-alert@.service")
    assert check["StandardOutput"].removeprefix("truncate:") == alert["StandardInput"].removeprefix("file:")
    assert {check["OnFailure"], check["OnSuccess"]} == {"stack-alert@%i.service"}
    assert check["WorkingDirectory"] == alert["WorkingDirectory"] == "%f"
    assert alert["ExecStart"] == f"/bin/sh watch/{SCRIPT.name}"
    assert check["ExecStart"] == "/usr/bin/env stack check --json"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd-analyze here")
@pytest.mark.parametrize("name", ["stack-check@.service", "stack-check@.timer", "stack-alert@.service"])
def test_systemd_has_nothing_to_say_about_a_unit(tmp_path: Path, name: str) -> None:
    for one in SCRIPT.parent.glob("stack-*"):
        shutil.copy(one, tmp_path)
    words = ["systemd-analyze", "--man=no", "verify", f"./{name}"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert [line for line in done.stderr.splitlines() if "stack-" in line] == []  # it may know others' faults, too
