"""A project goes from one version of its template to the next, and nothing of the person's is lost."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest

from scaffold import SOURCE, __version__, answers, cli
from scaffold.cli.alone import alone

from .combinations import files

GIT = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}

EDITED = "\n\n@app.get('/mine')\ndef mine() -> str:\n    return 'mine'\n"
FAREWELL = "A note that leaves with v1.\n"
MINE = "STACK_MINE=1\n"
PATIENCE = "STACK_PATIENCE=7"

Tree = dict[str, tuple[int, bytes]]


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=folder, env={**os.environ, **GIT}, check=True, capture_output=True)
    return done.stdout.decode()


def committed(folder: Path, message: str = "everything") -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)


def changed(file: Path, before: str, after: str) -> None:
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after, 1))


def part(folder: Path, name: str) -> Path:
    """Return a file of the template, rendered by Jinja or not; a name that git would obey there is an expression."""
    named = (name, f"{name}.jinja", f"{{{{ '{name}' }}}}")
    return next(path for path in (folder / one for one in named) if path.exists())


def tree(folder: Path) -> Tree:
    """Return mode and content of every file and folder, git's own apart."""
    return {
        str(path.relative_to(folder)): (
            stat.S_IMODE(path.stat().st_mode),
            path.read_bytes() if path.is_file() else b"",
        )
        for path in sorted(folder.rglob("*"))
        if ".git" not in path.relative_to(folder).parts
    }


def of_the_place(folder: Path) -> Tree:
    return {path: one for path, one in tree(folder).items() if path.split("/")[0] in {".env", "secrets"}}


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a git repository with this checkout's template as v1, and a newer one as v2."""
    repository = tmp_path_factory.mktemp("template") / "stack-template"
    shutil.copytree(answers.template() / "template", repository / "template")
    shutil.copy(answers.template() / "copier.yml", repository)
    inside = repository / "template"
    (inside / "farewell.md").write_text(FAREWELL)
    git(repository, "init", "--quiet")
    committed(repository)
    git(repository, "tag", "v1")

    proxy = part(inside, "compose.proxy.yaml")
    proxy.write_text(re.sub(r"image: traefik:\S+", "image: traefik:v99", proxy.read_text()))
    app = part(inside, "compose.app.yaml")
    changed(
        app, "    restart: unless-stopped\n", "    restart: unless-stopped\n    # ${STACK_PATIENCE:?set it in .env}\n"
    )
    env, ignored = part(inside, ".env"), part(inside / "secrets", ".gitignore")
    env.write_text(env.read_text() + PATIENCE + "\n")
    ignored.write_text("# changed\n" + ignored.read_text())
    (inside / "farewell.md").unlink()
    (inside / "news.md").write_text("What is new.\n")
    (inside / "tool.sh").write_text("#!/bin/sh\n")
    (inside / "tool.sh").chmod(0o755)
    question = "\ncolour:\n  type: str\n  default: green\n  help: Colour of the shed\n"
    (repository / "copier.yml").write_text((repository / "copier.yml").read_text() + question)
    committed(repository)
    git(repository, "tag", "v2")
    return repository


@pytest.fixture(autouse=True)
def nothing_of_the_developers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # An engine that `stack` refuses without a word to it, so that no test depends on what runs here.
    for name, value in {**GIT, "COPIER_CACHE_DIR": str(tmp_path / "cache"), "DOCKER_HOST": "ssh://nobody"}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="session")
def made(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project of v1 that a person has worked on since; tests work on copies of it."""
    shop = tmp_path_factory.mktemp("made") / "shop"
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_CONFIG_HOME", str(shop.parent / "no-config"))
        words = ["--template", str(template), "--ref", "v1", "--data", "postgres=true", "--data", "redis=true"]
        assert cli.run(["new", str(shop), "--defaults", *words]) == 0
    changed(shop / "compose.app.yaml", "  pids_limit: 2048\n", "  pids_limit: 2049\n")
    (shop / "app/main.py").write_text((shop / "app/main.py").read_text() + EDITED)
    changed(shop / ".env", "STACK_WORKERS=2", "STACK_WORKERS=5")
    (shop / ".env").write_text((shop / ".env").read_text() + MINE)
    (shop / "secrets/app.env").write_text("TOKEN=secret\n")
    (shop / "secrets/app.env").chmod(0o444)
    (shop / "mine.md").write_text("All mine.\n")
    git(shop, "init", "--quiet")
    committed(shop)
    return shop


@pytest.fixture
def shop(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "shop"))


def by_stack(folder: Path) -> None:
    assert cli.run(["update", str(folder), "--defaults"]) == 0


def by_copier(folder: Path) -> None:
    words = [sys.executable, "-m", "copier", "update", "--defaults", "--skip-answered", "--quiet"]
    subprocess.run(words, cwd=folder, check=True, capture_output=True)


@pytest.mark.parametrize("carry", [by_stack, by_copier])
def test_an_update_brings_what_is_new_and_keeps_what_is_the_persons(shop: Path, carry: Callable[[Path], None]) -> None:
    before = of_the_place(shop)
    assert before["secrets"][0] == 0o700
    assert before["secrets/app.env"] == (0o444, b"TOKEN=secret\n")
    assert before["secrets/postgres_password"][0] == before["secrets/redis_password"][0] == 0o444

    carry(shop)

    assert of_the_place(shop) == before
    assert "pids_limit: 2049" in (shop / "compose.app.yaml").read_text()
    assert "STACK_PATIENCE" in (shop / "compose.app.yaml").read_text()
    assert (shop / "app/main.py").read_text().endswith(EDITED)
    assert (shop / "mine.md").read_text() == "All mine.\n"
    assert "image: traefik:v99" in (shop / "compose.proxy.yaml").read_text()
    assert (shop / "news.md").read_text() == "What is new.\n"
    assert stat.S_IMODE((shop / "tool.sh").stat().st_mode) == 0o755
    assert not (shop / "farewell.md").exists()
    note = (shop / ".copier-answers.yml").read_text()
    assert "_commit: v2\n" in note
    assert "colour: green\n" in note
    kinds = {line[:2] for line in git(shop, "status", "--porcelain").splitlines()}
    assert kinds == {" M", " D", "??"}


def test_both_ways_come_to_the_same(shop: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(shop, tmp_path / "other" / "shop"))

    by_stack(shop)
    by_copier(other)

    assert tree(shop) == tree(other)


@pytest.mark.parametrize("carry", [by_stack, by_copier])
def test_an_adopted_app_keeps_every_file_of_its_own(
    template: Path, tmp_path: Path, carry: Callable[[Path], None]
) -> None:
    own = {
        "main.py": "from fastapi import FastAPI\n\napp = FastAPI()\n",
        "requirements.txt": "fastapi\nuvicorn\n",
        "README.md": "# My app\n",
        ".gitignore": "/.env\n",
        ".dockerignore": "/notes\n",
    }
    app = tmp_path / "app"
    app.mkdir()
    for name, text in own.items():
        (app / name).write_text(text)
    assert cli.run(["new", str(app), "--defaults", "--template", str(template), "--ref", "v1"]) == 0
    git(app, "init", "--quiet")
    committed(app)
    before = of_the_place(app)

    carry(app)

    assert {name: (app / name).read_text() for name in own} == own
    assert of_the_place(app) == before
    assert "/notes" in (app / "Dockerfile.dockerignore").read_text().splitlines()
    assert "image: traefik:v99" in (app / "compose.proxy.yaml").read_text()
    assert not (app / "app").exists()


def test_what_is_in_the_way_of_a_new_file_is_not_lost(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shop / "news.md").write_text("My own news.\n")
    (shop / "README.md").write_text("# My shop\n")
    committed(shop)

    assert cli.run(["update", str(shop), "--defaults"]) == 2

    said = capsys.readouterr().out
    assert "conflict  news.md" in said
    assert "My own news.\n" in (shop / "news.md").read_text()
    assert (shop / "README.md").read_text() == "# My shop\n"


def test_a_file_that_git_ignores_is_never_overwritten(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shop / ".gitignore").write_text((shop / ".gitignore").read_text() + "/news.md\n")
    committed(shop)
    (shop / "news.md").write_text("My own news.\n")

    assert cli.run(["update", str(shop), "--defaults"]) == 0

    assert (shop / "news.md").read_text() == "My own news.\n"
    assert "kept      news.md" in capsys.readouterr().out


def test_a_file_that_the_person_removed_stays_away(shop: Path) -> None:
    (shop / "compose.app.yaml").unlink()
    committed(shop)

    by_stack(shop)

    assert not (shop / "compose.app.yaml").exists()


def test_the_second_update_has_nothing_to_do(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    by_stack(shop)
    committed(shop)
    before = tree(shop)
    capsys.readouterr()

    assert cli.run(["update", str(shop), "--defaults"]) == 0

    assert capsys.readouterr().out.startswith("Nothing to do: ")
    assert tree(shop) == before


def test_a_dry_run_names_what_an_update_changes_and_changes_nothing(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = tree(shop)

    assert cli.run(["update", str(shop), "--dry-run", "--json"]) == 0
    foretold = json.loads(capsys.readouterr().out)

    assert tree(shop) == before
    assert git(shop, "status", "--porcelain") == ""
    assert cli.run(["update", str(shop), "--json"]) == 0
    done = json.loads(capsys.readouterr().out)
    assert foretold["changes"] == done["changes"]
    named = {one["path"]: one["kind"] for one in done["changes"]}
    assert named == {
        ".copier-answers.yml": "changed",
        "compose.app.yaml": "changed",
        "compose.proxy.yaml": "changed",
        "farewell.md": "removed",
        "news.md": "new",
        "tool.sh": "new",
    }
    assert (done["from"], done["to"], done["ok"], done["conflicts"]) == ("v1", "v2", True, [])


def test_an_answer_can_be_changed_on_the_way(shop: Path) -> None:
    words = ["--data", "python_version=3.13", "--data", "colour=red"]

    assert cli.run(["update", str(shop), "--defaults", *words]) == 0

    assert "ARG PYTHON_VERSION=3.13\n" in (shop / "Dockerfile").read_text()
    assert "colour: red\n" in (shop / ".copier-answers.yml").read_text()


def test_an_answer_can_be_changed_and_the_version_kept(shop: Path) -> None:
    assert cli.run(["update", str(shop), "--to", "v1", "--data", "python_version=3.13"]) == 0

    assert git(shop, "status", "--porcelain").split() == ["M", ".copier-answers.yml", "M", "Dockerfile"]


def test_what_env_lacks_from_now_on_is_named(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["update", str(shop), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["env_lacks"] == [PATIENCE]


def test_an_env_that_is_not_there_is_written_as_plain_copier_does(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (shop / ".env").unlink()

    assert cli.run(["update", str(shop), "--json"]) == 0

    assert PATIENCE in (shop / ".env").read_text()
    assert json.loads(capsys.readouterr().out)["env_lacks"] == []


def test_without_an_engine_the_update_stands_and_says_so(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["update", str(shop), "--json"]) == 0

    done = json.loads(capsys.readouterr().out)
    assert done["plan"] is None
    assert done["plan_unknown"]


class TestConflicts:
    @pytest.fixture
    def quarrel(self, shop: Path) -> Path:
        proxy = shop / "compose.proxy.yaml"
        proxy.write_text(re.sub(r"image: traefik:\S+", "image: traefik:mine", proxy.read_text()))
        committed(shop)
        return shop

    def test_both_sides_are_in_the_file_and_the_file_is_named(
        self, quarrel: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert cli.run(["update", str(quarrel), "--defaults"]) == 2

        text = (quarrel / "compose.proxy.yaml").read_text()
        mine, ours = text.index("traefik:mine"), text.index("traefik:v99")
        assert text.index("<<<<<<<") < mine < text.index("=======") < ours < text.index(">>>>>>>")
        said = capsys.readouterr().out
        assert "conflict  compose.proxy.yaml" in said
        assert f"git -C {quarrel} add compose.proxy.yaml" in said
        assert (quarrel / "news.md").exists()

    def test_the_document_says_so_too(self, quarrel: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert cli.run(["update", str(quarrel), "--json"]) == 2

        done = json.loads(capsys.readouterr().out)
        assert (done["ok"], done["conflicts"]) == (False, ["compose.proxy.yaml"])
        assert "plan" not in done

    def test_a_dry_run_foretells_them(self, quarrel: Path, capsys: pytest.CaptureFixture[str]) -> None:
        before = tree(quarrel)

        assert cli.run(["update", str(quarrel), "--dry-run"]) == 2

        assert "conflict  compose.proxy.yaml" in capsys.readouterr().out
        assert tree(quarrel) == before

    def test_the_undoing_that_is_told_undoes_it(self, quarrel: Path, capsys: pytest.CaptureFixture[str]) -> None:
        before = tree(quarrel)
        assert cli.run(["update", str(quarrel), "--defaults"]) == 2
        undo = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("Undo: "))

        subprocess.run(undo.removeprefix("Undo: "), shell=True, check=True, capture_output=True)

        assert tree(quarrel) == before
        assert git(quarrel, "status", "--porcelain") == ""


def uncommitted(shop: Path) -> None:
    (shop / "app/main.py").write_text("")


def untracked(shop: Path) -> None:
    (shop / "scratch.py").write_text("")


def no_git(shop: Path) -> None:
    shutil.rmtree(shop / ".git")


def no_commit(shop: Path) -> None:
    shutil.rmtree(shop / ".git")
    git(shop, "init", "--quiet")


def no_note(shop: Path) -> None:
    (shop / ".copier-answers.yml").unlink()
    committed(shop)


def an_ignored_note(shop: Path) -> None:
    (shop / ".gitignore").write_text("/.env\n/.copier-answers.yml\n")
    git(shop, "rm", "--quiet", "--cached", ".copier-answers.yml")
    committed(shop)


def noted(shop: Path, source: str | None = None, version: str | None = None) -> None:
    note = shop / ".copier-answers.yml"
    before = answers.origin(note)
    after = answers.Origin(before.source if source is None else source, before.version if version is None else version)
    note.write_text(answers.recorded(note.read_text(), after))
    committed(shop)


REFUSED: dict[str, tuple[Callable[[Path], None], list[str], int, str]] = {
    "something uncommitted": (uncommitted, [], 2, "not committed yet"),
    "something untracked": (untracked, [], 2, "not committed yet"),
    "no repository": (no_git, [], 2, "no git repository"),
    "no commit": (no_commit, [], 2, "no git repository with a commit"),
    "no note": (no_note, [], 2, "which template and version made it"),
    "a note that git ignores": (an_ignored_note, [], 2, "which template and version made it"),
    "no version": (lambda shop: noted(shop, version=""), [], 2, "records no version"),
    "a version that is not there": (lambda shop: noted(shop, version="v0"), [], 2, "has no version 'v0'"),
    "a newer version": (lambda shop: noted(shop, version="v2"), ["--to", "v1"], 2, "downgrading"),
    "a relative path": (lambda shop: noted(shop, source="../template"), [], 2, "depends on where one stands"),
    "a path that is gone": (lambda shop: noted(shop, source="/nowhere/at/all"), [], 2, "neither a folder nor"),
    "a path that is no repository": (lambda shop: noted(shop, source=str(shop / "app")), [], 2, "has no copier.yml"),
    "no answer": (lambda shop: noted(shop, source=SOURCE, version="v0.1.0"), [], 3, "does not answer"),
    "an unknown version": (committed, ["--to", "v7"], 2, "has no version 'v7'"),
    "an unknown answer": (committed, ["--data", "wrokers=2"], 2, "wrokers"),
    "an unfit answer": (committed, ["--data", "domain=a b"], 2, "domain"),
    "another template that is none": (committed, ["--template", "/"], 2, "no copier.yml"),
    "another address that is none": (committed, ["--template", "nonsense"], 2, "neither a folder nor"),
    "another template that does not answer": (committed, ["--template", SOURCE], 3, "does not answer"),
}


@pytest.mark.parametrize(("spoil", "words", "status", "named"), REFUSED.values(), ids=REFUSED)
def test_a_refused_update_says_why_and_changes_nothing(
    shop: Path,
    capsys: pytest.CaptureFixture[str],
    spoil: Callable[[Path], None],
    words: list[str],
    status: int,
    named: str,
) -> None:
    spoil(shop)
    before = tree(shop)

    assert cli.run(["update", str(shop), "--defaults", *words]) == status

    said = capsys.readouterr()
    assert said.out == ""
    assert named in said.err.splitlines()[0]
    assert said.err.splitlines()[-1].startswith("  → ")
    assert tree(shop) == before


def test_another_repository_in_the_environment_is_refused(
    shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(shop / ".git"))

    assert cli.run(["update", str(shop), "--defaults"]) == 2

    assert "GIT_DIR" in capsys.readouterr().err


def test_without_git_an_update_is_exit_3(
    shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(shop))

    assert cli.run(["update", str(shop), "--defaults"]) == 3

    assert "no `git` command" in capsys.readouterr().err


def test_an_answer_that_the_newer_template_does_not_accept_is_not_replaced(
    shop: Path, template: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stricter = Path(shutil.copytree(template, tmp_path / "stricter"))
    changed(stricter / "copier.yml", 'default: "3.14"', 'default: "3.15"')
    changed(stricter / "copier.yml", "^3[.]1[0-9]", "^3[.]1[5-9]")
    committed(stricter)
    git(stricter, "tag", "v3")
    before = tree(shop)
    words = ["update", str(shop), "--defaults", "--template", str(stricter)]

    assert cli.run(words) == 2

    assert "does not accept python_version=3.14" in capsys.readouterr().err
    assert tree(shop) == before
    assert cli.run([*words, "--data", "python_version=3.16"]) == 0
    assert "ARG PYTHON_VERSION=3.16\n" in (shop / "Dockerfile").read_text()


def test_a_template_that_moved_is_named_and_recorded(shop: Path, template: Path, tmp_path: Path) -> None:
    moved = Path(shutil.copytree(template, tmp_path / "moved"))
    noted(shop, source=str(tmp_path / "gone"))
    note = git(shop, "rev-parse", "HEAD")

    assert cli.run(["update", str(shop), "--template", str(moved)]) == 0

    assert answers.origin(shop / ".copier-answers.yml") == answers.Origin(str(moved), "v2")
    assert git(shop, "rev-parse", "HEAD") == note


def test_an_address_is_asked_as_a_folder_is(shop: Path, template: Path, capsys: pytest.CaptureFixture[str]) -> None:
    noted(shop, source=f"git+file://{template}")

    assert cli.run(["update", str(shop), "--to", "v7"]) == 2
    assert "has no version 'v7'" in capsys.readouterr().err
    by_stack(shop)
    assert answers.origin(shop / ".copier-answers.yml").version == "v2"


def test_a_project_in_a_folder_of_a_larger_repository_is_updated_there(shop: Path, tmp_path: Path) -> None:
    shutil.rmtree(shop / ".git")
    above = tmp_path / "above"
    above.mkdir()
    shop.rename(above / "shop")
    git(above, "init", "--quiet")
    committed(above)
    (above / "beside.txt").write_text("not committed, and none of the project's business")

    by_stack(above / "shop")

    assert "image: traefik:v99" in (above / "shop/compose.proxy.yaml").read_text()
    lines = git(above, "status", "--porcelain").splitlines()
    assert {line[3:].partition("/")[0] for line in lines} == {"beside.txt", "shop"}
    assert (above / "shop/.env").read_text().endswith(MINE)


def test_any_umask_makes_files_that_containers_can_read(shop: Path) -> None:
    before = os.umask(0o077)
    try:
        by_stack(shop)
    finally:
        os.umask(before)

    closed = {str(path.relative_to(shop)) for path in shop.rglob("*") if not path.stat().st_mode & 0o004}
    assert {path for path in closed if not path.startswith(".git/")} == {"secrets"}


def test_what_up_would_do_is_told_where_an_engine_answers(shop: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "DOCKER_HOST"}
    with socket.socket() as one, socket.socket() as two:
        ports = []
        for each in (one, two):
            each.bind(("", 0))
            ports.append(each.getsockname()[1])
    env = (shop / ".env").read_text()
    env = env.replace("HTTP_PORT=80\n", f"HTTP_PORT={ports[0]}\n").replace(
        "HTTPS_PORT=443\n", f"HTTPS_PORT={ports[1]}\n"
    )
    (shop / ".env").write_text(env)

    words = [sys.executable, "-m", "scaffold", "update", str(shop), "--defaults"]
    done = subprocess.run(words, env=environment, check=True, capture_output=True, text=True)

    plan = done.stdout.partition("`stack up` would:\n")[2].splitlines()
    assert any("start postgres, redis, socket-proxy, traefik" in line for line in plan), done.stdout
    assert git(shop, "status", "--porcelain") != ""


def test_two_commands_do_not_meet_in_a_project(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with alone(shop):
        assert cli.run(["update", str(shop), "--defaults"]) == 3

    assert "another `stack` is at work" in capsys.readouterr().err
    assert git(shop, "status", "--porcelain") == ""


class TestAtATerminal:
    @pytest.fixture
    def asked(self, shop: Path) -> pexpect.spawn[str]:
        environment = {**os.environ, "TERM": "xterm", "NO_COLOR": "1"}
        environment.pop("CI", None)
        words = ["-m", "scaffold", "update", str(shop)]
        return pexpect.spawn(sys.executable, words, env=environment, encoding="utf-8", timeout=30, dimensions=(40, 120))

    def test_only_what_is_new_is_asked(self, asked: pexpect.spawn[str], shop: Path) -> None:
        asked.expect("Colour of the shed")
        asked.send("\x7f" * 5 + "blue\r")
        asked.expect(pexpect.EOF)
        asked.close()

        assert asked.exitstatus == 0
        assert "colour: blue\n" in (shop / ".copier-answers.yml").read_text()
        assert "colour: green\n" not in (shop / ".copier-answers.yml").read_text()

    def test_ctrl_c_at_a_question_changes_nothing(self, asked: pexpect.spawn[str], shop: Path) -> None:
        before = tree(shop)
        asked.expect("Colour of the shed")
        asked.send("\x03")
        asked.expect(pexpect.EOF)
        asked.close()

        assert asked.exitstatus == 130
        assert tree(shop) == before


class TestInterrupted:
    """Ctrl-C at the two moments that differ: while the clone is updated, and while files are being replaced."""

    @pytest.fixture
    def gate(self, tmp_path: Path) -> Path:
        """Return a program that says on one pipe that it was reached, and the first time waits at another for ever."""
        os.mkfifo(tmp_path / "reached")
        os.mkfifo(tmp_path / "go")
        program = tmp_path / "gate"
        program.write_text(
            "#!/bin/sh\n"
            f"if mkdir {tmp_path}/once 2>/dev/null; then echo x >{tmp_path}/reached; read x <{tmp_path}/go; fi\n"
            'exec "$@"\n'
        )
        program.chmod(0o755)
        return program

    @staticmethod
    def interrupt(words: list[str], gate: Path, environment: dict[str, str]) -> tuple[int, str]:
        """Run `stack`, press Ctrl-C when it reaches the gate, and return its exit status and what it said."""
        process = subprocess.Popen(
            [sys.executable, "-m", "scaffold", *words],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        (gate.parent / "reached").read_text()
        os.killpg(process.pid, signal.SIGINT)
        said, _ = process.communicate(timeout=30)
        return process.returncode, said

    def test_while_the_clone_is_updated(self, shop: Path, gate: Path, tmp_path: Path) -> None:
        before = tree(shop)
        program = tmp_path / "bin/git"
        program.parent.mkdir()
        # `git apply --reject` is Copier's: the clone holds half of the update then.
        program.write_text(
            f'#!/bin/sh\ncase "$*" in *--reject*) exec {gate} {shutil.which("git")} "$@";; esac\n'
            f'exec {shutil.which("git")} "$@"\n'
        )
        program.chmod(0o755)
        scratch = tmp_path / "scratch"
        scratch.mkdir()
        environment = {"PATH": f"{program.parent}:{os.environ['PATH']}", "TMPDIR": str(scratch)}

        status, said = self.interrupt(["update", str(shop), "--defaults"], gate, environment)

        assert status == 130
        assert "stack: interrupted" in said
        assert "Traceback" not in said
        assert tree(shop) == before
        assert git(shop, "status", "--porcelain") == ""
        assert list(scratch.iterdir()) == []

    def test_while_files_are_replaced(self, shop: Path, gate: Path) -> None:
        # git runs this filter when it writes a file; the ones that were there are removed by then.
        (shop / ".gitattributes").write_text("compose.proxy.yaml filter=gate\n")
        committed(shop)
        git(shop, "config", "filter.gate.smudge", f"{gate} cat")
        before = tree(shop)

        status, said = self.interrupt(["update", str(shop), "--defaults"], gate, {})

        assert status == 130
        assert "stack: interrupted" in said
        assert "Traceback" not in said
        assert tree(shop) == before
        assert git(shop, "status", "--porcelain") == ""
        by_stack(shop)


class TestNew:
    """`stack new` records where a project can be updated from, and takes another template."""

    def test_the_template_that_came_with_stack_is_recorded_as_published(self, tmp_path: Path) -> None:
        assert cli.run(["new", str(tmp_path / "shop"), "--defaults"]) == 0

        text = (tmp_path / "shop/.copier-answers.yml").read_text()
        comment, commit, source, *rest = text.splitlines()
        assert comment.startswith("# Written by Copier")
        assert (commit, source) == (f"_commit: v{__version__}", f"_src_path: {SOURCE}")
        assert any(line.startswith("project_name: ") for line in rest)

    def test_another_template_is_used_at_its_newest_tag(self, tmp_path: Path, template: Path) -> None:
        assert cli.run(["new", str(tmp_path / "shop"), "--defaults", "--template", str(template)]) == 0

        assert (tmp_path / "shop/news.md").exists()
        assert answers.origin(tmp_path / "shop/.copier-answers.yml") == answers.Origin(str(template), "v2")

    def test_a_relative_path_is_recorded_in_full(
        self, tmp_path: Path, template: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(template.parent)

        assert cli.run(["new", str(tmp_path / "shop"), "--defaults", "--template", template.name]) == 0

        assert answers.origin(tmp_path / "shop/.copier-answers.yml").source == str(template)

    def test_a_folder_without_git_works_and_the_person_is_told(
        self, tmp_path: Path, template: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        plain = Path(shutil.copytree(template, tmp_path / "plain", ignore=shutil.ignore_patterns(".git")))

        assert cli.run(["new", str(tmp_path / "shop"), "--defaults", "--template", str(plain), "--json"]) == 0

        said = capsys.readouterr()
        assert "cannot be updated" in said.err
        assert "news.md" in json.loads(said.out)["files"]

    def test_the_questions_are_those_of_the_template_in_use(self, tmp_path: Path, template: Path) -> None:
        words = ["new", str(tmp_path / "shop"), "--defaults", "--data", "colour=red"]

        assert cli.run(words) == 2
        assert cli.run([*words, "--template", str(template), "--ref", "v1"]) == 2
        assert cli.run([*words, "--template", str(template)]) == 0

    def test_a_project_that_is_no_stack_is_placed_as_well(self, tmp_path: Path) -> None:
        small = self.foreign(tmp_path, "colour: green\n")

        assert cli.run(["new", str(tmp_path / "shop"), "--defaults", "--template", str(small)]) == 0

        assert (tmp_path / "shop/wall.txt").read_text() == "green\n"

    @pytest.mark.parametrize(
        ("copier_yml", "wall", "named"),
        [
            pytest.param("colour: green\n_tasks: [touch done]\n", "", "code of its own", id="tasks"),
            pytest.param("colour: green\n_jinja_extensions: [os.path]\n", "", "code of its own", id="extensions"),
            pytest.param("{: :", "", "cannot be rendered", id="not-yaml"),
            pytest.param("- colour\n", "", "no list of questions", id="a-list"),
            pytest.param(
                "colour: green\n",
                "{% if %}",
                "cannot be rendered",
                id="wrong-jinja",
                # Copier leaves the folder that it was reading open.
                marks=pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
            ),
            pytest.param(None, "", "no copier.yml", id="no-template"),
            pytest.param("colour: green\n_min_copier_version: '99'\n", "", "99", id="newer-copier"),
        ],
    )
    def test_a_template_that_cannot_be_used_is_exit_2(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], copier_yml: str | None, wall: str, named: str
    ) -> None:
        small = self.foreign(tmp_path, copier_yml, wall)

        assert cli.run(["new", str(tmp_path / "shop"), "--defaults", "--template", str(small)]) == 2

        assert named in capsys.readouterr().err
        assert not (tmp_path / "shop").exists()

    @pytest.mark.parametrize(
        ("words", "status", "named"),
        [
            pytest.param(["--template", SOURCE], 3, "does not answer", id="no-answer"),
            pytest.param(["--template", "nonsense"], 2, "neither a folder nor", id="nonsense"),
            pytest.param(["--template", ""], 2, "empty", id="empty"),
            pytest.param(["--ref", "v1"], 2, "--template", id="ref-alone"),
        ],
    )
    def test_a_source_that_is_none_is_named(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], status: int, named: str
    ) -> None:
        assert cli.run(["new", str(tmp_path / "shop"), "--defaults", *words]) == status

        assert named in capsys.readouterr().err
        assert not (tmp_path / "shop").exists()

    def test_an_unknown_version_is_named(
        self, tmp_path: Path, template: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        words = ["new", str(tmp_path / "shop"), "--defaults", "--template", str(template), "--ref", "v7"]

        assert cli.run(words) == 2

        assert "has no version 'v7'" in capsys.readouterr().err

    @staticmethod
    def foreign(tmp_path: Path, copier_yml: str | None, wall: str = "{{ colour }}\n") -> Path:
        small = tmp_path / "small"
        small.mkdir()
        (small / "wall.txt.jinja").write_text(wall)
        (small / "{{ _copier_conf.answers_file }}.jinja").write_text("{{ _copier_answers | to_nice_yaml }}")
        if copier_yml is not None:
            (small / "copier.yml").write_text(copier_yml)
        return small


class TestTheTemplateThatCameAlong:
    """An answer changes without a network: the version that made the project is the one at hand."""

    @pytest.fixture
    def fresh(self, tmp_path: Path) -> Path:
        assert cli.run(["new", str(tmp_path / "fresh"), "--defaults"]) == 0
        git(tmp_path / "fresh", "init", "--quiet")
        committed(tmp_path / "fresh")
        return tmp_path / "fresh"

    def test_an_answer_is_changed(self, fresh: Path) -> None:
        kept = of_the_place(fresh)
        changed(fresh / "compose.app.yaml", "  environment:\n", "  environment:\n    MINE: 1\n")
        committed(fresh)

        assert cli.run(["update", str(fresh), "--defaults", "--data", "data=uploads"]) == 0

        assert "volumes: [data-srv-uploads:/srv/uploads]" in (fresh / "compose.app.yaml").read_text()
        assert "MINE" in (fresh / "compose.app.yaml").read_text()
        assert "install -d -o 10001 -g 10001 /srv/uploads" in (fresh / "Dockerfile").read_text()
        assert answers.origin(fresh / answers.NOTE) == answers.Origin(SOURCE, f"v{__version__}")
        assert of_the_place(fresh) == kept

    def test_a_store_that_is_chosen_later_comes_with_its_password(
        self, fresh: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        before = of_the_place(fresh)
        capsys.readouterr()

        assert cli.run(["update", str(fresh), "--json", "--data", "postgres=true"]) == 0

        assert json.loads(capsys.readouterr().out)["env_lacks"] == ["STACK_POSTGRES_VERSION=18"]
        after = of_the_place(fresh)
        mode, password = after.pop("secrets/postgres_password")
        assert (mode, len(password.strip())) == (0o444, 40)
        assert after == before
        assert files({"postgres": "true"}) <= set(tree(fresh))
        assert '"alembic", "upgrade", "head"' in (fresh / "compose.app.yaml").read_text()
        assert "secrets" not in git(fresh, "status", "--porcelain")

    def test_secrets_that_a_clone_of_the_project_lacks_arrive_in_a_closed_folder(self, fresh: Path) -> None:
        shutil.rmtree(fresh / "secrets")

        assert cli.run(["update", str(fresh), "--defaults", "--data", "redis=true"]) == 0

        modes = {path: mode for path, (mode, _) in of_the_place(fresh).items() if path != ".env"}
        assert modes == {
            "secrets": 0o700,
            "secrets/.gitignore": 0o644,
            "secrets/app.env": 0o644,
            "secrets/redis_password": 0o444,
            "secrets/traefik.env": 0o644,
        }

    def test_a_store_that_is_given_up_leaves_its_password(self, fresh: Path) -> None:
        assert cli.run(["update", str(fresh), "--defaults", "--data", "postgres=true"]) == 0
        committed(fresh)
        before = of_the_place(fresh)

        assert cli.run(["update", str(fresh), "--defaults", "--data", "postgres=false"]) == 0

        assert of_the_place(fresh) == before
        assert not (fresh / "compose.postgres.yaml").exists()

    def test_a_wrong_one_is_refused(self, fresh: Path, capsys: pytest.CaptureFixture[str]) -> None:
        before = tree(fresh)

        assert cli.run(["update", str(fresh), "--defaults", "--data", "data=main.py"]) == 2

        assert "data cannot be code" in capsys.readouterr().err
        assert tree(fresh) == before

    def test_whether_there_is_a_newer_version_is_not_guessed(
        self, fresh: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert cli.run(["update", str(fresh), "--defaults"]) == 3

        assert "does not answer" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("pair", "said"),
        [
            ("replicas=3", "edit STACK_REPLICAS"),
            ("domain=a.example", "edit STACK_DOMAIN"),
            ("postgres_version=17", "edit STACK_POSTGRES_VERSION"),
            ("adopt=true", "new project"),
        ],
    )
    def test_what_an_update_cannot_change_is_said(
        self, fresh: Path, capsys: pytest.CaptureFixture[str], pair: str, said: str
    ) -> None:
        before = tree(fresh)

        assert cli.run(["update", str(fresh), "--defaults", "--data", pair]) == 2

        assert said in capsys.readouterr().err
        assert tree(fresh) == before
