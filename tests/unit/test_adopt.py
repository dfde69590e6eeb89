"""What the template is told about an app that exists."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
import yaml

from scaffold import adopt, answers
from scaffold.adopt import commands, dockerfile
from scaffold.errors import WrongInput
from scaffold.source import Candidate, Dependencies, Recipe, Source, Writing

APP = Candidate("app.main:app", ".", "app/main.py, line 7")
PIP = Dependencies("pip", "requirements.txt", frozenset({"fastapi", "uvicorn"}))
SOURCE = Source(
    files=frozenset({"app", "requirements.txt"}),
    python=True,
    candidates=(APP,),
    looked=("main.py", "app/main.py"),
    dependencies=PIP,
)
OURS = {"project_name": "shop", "certificates": "local"}


def source(**changes: Any) -> Source:
    return replace(SOURCE, **changes)


def proposed(given: dict[str, Any] | None = None, app: Candidate = APP, **changes: Any) -> dict[str, Any]:
    return dict(adopt.propose(source(**changes), app, given or {}).answers)


class TestWhetherThereIsAnAppToAdopt:
    def test_python_in_the_folder_means_so(self) -> None:
        assert adopt.adopts(SOURCE, {})
        assert not adopt.adopts(Source(files=frozenset({"README.md"})), {})

    def test_a_project_of_ours_is_none(self) -> None:
        assert not adopt.adopts(source(note=OURS), {})

    def test_what_was_adopted_is_not_adopted_again(self) -> None:
        adopt.refuse_adopted(source(note=OURS), "shop")
        adopt.refuse_adopted(SOURCE, "shop")
        with pytest.raises(WrongInput, match="has its stack already"):
            adopt.refuse_adopted(source(note={**OURS, "adopt": True}), "shop")

    def test_another_templates_note_is_left_alone(self) -> None:
        with pytest.raises(WrongInput, match="belongs to another template, gh:somebody/else"):
            adopt.refuse_adopted(source(note={"_src_path": "gh:somebody/else", "project_name": "x"}), "shop")

    @pytest.mark.parametrize(("said", "wanted"), [("true", True), ("yes", True), (True, True), ("no", False)])
    def test_the_person_has_the_last_word(self, said: object, wanted: bool) -> None:
        assert adopt.adopts(Source(), {"adopt": said}) is wanted
        assert adopt.adopts(SOURCE, {"adopt": said}) is wanted


class TestWhichApp:
    def test_the_only_one(self) -> None:
        assert adopt.choose(SOURCE, "shop") == APP

    def test_none_is_a_sentence_that_says_where_was_looked(self) -> None:
        with pytest.raises(WrongInput, match=r"no FastAPI app .* main\.py, app/main\.py") as refused:
            adopt.choose(source(candidates=()), "shop")
        assert "--data app=" in refused.value.hint

    def test_two_are_both_named(self) -> None:
        other = Candidate("shop.web:api", "src", "src/shop/web.py, line 3")

        with pytest.raises(WrongInput, match="more than one") as refused:
            adopt.choose(source(candidates=(APP, other)), "shop")

        assert refused.value.evidence == (
            "app.main:app: app/main.py, line 7",
            "shop.web:api from src/: src/shop/web.py, line 3",
        )

    def test_the_one_that_the_dockerfile_starts(self) -> None:
        recipe = Recipe(base="python:3.14", command=("uvicorn", "shop.web:api"))
        other = Candidate("shop.web:api", "src", "src/shop/web.py, line 3")

        said = Candidate("shop.web:api", ".", "the Dockerfile's CMD")
        assert adopt.told(source(recipe=recipe), {}) == said
        assert adopt.told(source(candidates=(APP, other), recipe=recipe), {"dockerfile": "replace"}) == other
        assert adopt.told(source(recipe=recipe), {"dockerfile": "replace"}) is None
        assert adopt.told(SOURCE, {}) is None


def test_the_plain_case_is_told_with_its_evidence() -> None:
    found = adopt.propose(SOURCE, APP, {})

    assert found.answers == {
        "adopt": True,
        "app": "app.main:app",
        "app_dir": ".",
        "dependencies": "pip",
        "server": "uvicorn",
        "python_version": "3.14",
        "health_path": "/",
    }
    assert found.said[0] == "app: app.main:app (app/main.py, line 7)"
    assert "requirements.txt" in found.said[1]


class TestDependencies:
    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            pytest.param({"names": frozenset({"flask"})}, "does not name fastapi", id="no-fastapi"),
            pytest.param({"names": frozenset({"fastapi"})}, "names no uvicorn", id="no-server"),
            pytest.param({"problems": ("fastapi is not in uv.lock",)}, "cannot be installed", id="lock"),
        ],
    )
    def test_what_cannot_be_installed_or_served_is_refused(self, changes: dict[str, Any], said: str) -> None:
        with pytest.raises(WrongInput, match=said):
            proposed(dependencies=replace(PIP, **changes))

    def test_none_at_all_is_refused(self) -> None:
        with pytest.raises(WrongInput, match=r"requirements\.txt nor pyproject\.toml"):
            proposed(dependencies=None)

    INNER = frozenset({"services/api/main.py", "services/api/requirements.txt", "docs/requirements.txt"})

    @pytest.mark.parametrize("top", [None, replace(PIP, names=frozenset({"pre-commit"}))], ids=["none", "of-tools"])
    @pytest.mark.parametrize("folder", ["services/api", "services/api/src"])
    def test_an_app_in_a_folder_with_a_list_of_its_own_is_adopted_there(
        self, top: Dependencies | None, folder: str
    ) -> None:
        app = replace(APP, app="main:app", folder=folder)

        with pytest.raises(WrongInput, match="belongs to services/api, which has a requirements") as refused:
            adopt.propose(source(dependencies=top, paths=self.INNER), app, {}, "/code/my shop")

        assert refused.value.hint.startswith("stack new '/code/my shop/services/api' makes")

    def test_a_list_further_in_is_spoken_of_where_the_one_at_the_top_will_do(self) -> None:
        app = replace(APP, app="main:app", folder="services/api")
        found = adopt.propose(source(paths=self.INNER), app, {})

        assert (
            "not installed: what services/api/requirements.txt asks for, which the app's folder has, too" in found.said
        )

    @pytest.mark.parametrize(
        ("paths", "hint"),
        [
            (
                "requirements/base.txt requirements/production.txt",
                "echo '-r requirements/production.txt' > x/requirements.txt",
            ),
            ("requirements-dev.txt requirements-base.txt", "echo '-r requirements-base.txt' > x/requirements.txt"),
            ("requirements_test.txt requirements_server.txt", "echo '-r requirements_server.txt' > x/requirements.txt"),
            ("app/requirements.txt docs/requirements.txt", "cp x/app/requirements.txt x/requirements.txt"),
            ("docs/requirements.txt", "pip freeze > requirements.txt"),
        ],
    )
    def test_a_list_of_another_name_is_proposed(self, paths: str, hint: str) -> None:
        with pytest.raises(WrongInput, match="nothing names") as refused:
            adopt.propose(source(dependencies=None, paths=frozenset(paths.split())), APP, {}, "x")

        assert refused.value.hint.startswith(hint)

    def test_what_an_old_image_brought_along_is_asked_for(self) -> None:
        old = Recipe(base="tiangolo/uvicorn-gunicorn-fastapi:python3.11")
        needs = replace(PIP, names=frozenset({"fastapi"}))

        with pytest.raises(WrongInput, match="names no uvicorn") as refused:
            proposed(dependencies=needs, recipe=old)
        assert refused.value.hint.endswith(f"{old.base} brought it along, and the stack's image does not")
        assert proposed({"dockerfile": "keep"}, dependencies=needs, recipe=old)["dockerfile"] == "keep"

    def test_another_tool_needs_its_files(self) -> None:
        with pytest.raises(WrongInput, match=r"dependencies=uv takes pyproject\.toml and uv\.lock, which is not"):
            proposed({"dependencies": "uv"})

    def test_fastapi_run_needs_its_command(self) -> None:
        with pytest.raises(WrongInput, match="names no fastapi-cli"):
            proposed({"server": "fastapi"})
        standard = replace(PIP, names=frozenset({"fastapi"}), extras=frozenset({"fastapi[standard]"}))
        assert proposed({"server": "fastapi"}, dependencies=standard)["server"] == "fastapi"

    @pytest.mark.parametrize(
        ("asked", "pin", "version"),
        [
            (">=3.11", "", "3.14"),
            (">=3.11,<3.13", "", "3.12"),
            ("<4,>=3.12.3", "", "3.14"),
            ("==3.11.*", "", "3.11"),
            (">=3.11", "3.12", "3.12"),
            ("", "", "3.14"),
            ("==3.12.4", "", "3.12.4"),
            (">=3.11", "3.11.9", "3.11.9"),
            ("nonsense", "pypy3.10", "3.14"),
        ],
    )
    def test_python_is_the_newest_that_the_project_takes(self, asked: str, pin: str, version: str) -> None:
        assert proposed(dependencies=replace(PIP, python=asked, pin=pin))["python_version"] == version

    @pytest.mark.parametrize(("asked", "given"), [("<3.10", ""), (">=3.12", "3.11"), ("==3.12.4", "3.13")])
    def test_a_python_that_does_not_fit_is_refused(self, asked: str, given: str) -> None:
        with pytest.raises(WrongInput, match=f"takes Python {asked}"):
            proposed({"python_version": given} if given else {}, dependencies=replace(PIP, python=asked))

    def test_a_kept_dockerfile_installs_them_itself(self) -> None:
        assert "dependencies" not in proposed(recipe=Recipe(base="python:3.14"), dependencies=None)


class TestADockerfile:
    KEPT = Recipe(base="python:3.12-slim", user="baker", workdir="/bakery", command=("uvicorn", "app.main:app"))

    def test_is_kept_with_its_user(self) -> None:
        answers = proposed(recipe=self.KEPT)

        assert (answers["dockerfile"], answers["app_user"]) == ("keep", "baker")

    @pytest.mark.parametrize(("environment", "root"), [({}, "src"), ({"PYTHONPATH": "/bakery/src:/opt/libs"}, ".")])
    def test_its_own_path_of_python_stays(self, environment: dict[str, str], root: str) -> None:
        recipe = replace(self.KEPT, command=(), environment=environment)

        assert proposed(app=replace(APP, folder="src"), recipe=recipe)["app_dir"] == root

    @pytest.mark.parametrize("user", ["", "root", "0", "0:0", "root:root"])
    def test_never_with_root(self, user: str) -> None:
        assert proposed(recipe=replace(self.KEPT, user=user))["app_user"] == adopt.USER

    @pytest.mark.parametrize(
        ("changes", "why"),
        [
            pytest.param({"entrypoint": ("uvicorn", "app:app"), "entrypoint_in_shell": True}, "shell form", id="shell"),
            pytest.param({"entrypoint": ("uvicorn",)}, "starts the server", id="server"),
            pytest.param({"entrypoint": ("gunicorn", "app:app")}, "starts the server", id="gunicorn"),
            pytest.param(
                {"command": ("fastapi", "run", "--timeout-graceful-shutdown=3")},
                "fastapi does not know --timeout-graceful-shutdown",
                id="unknown-flag",
            ),
            pytest.param({"entrypoint": ("sh", "-c", "exec uvicorn app:app")}, "starts the server", id="hidden"),
            pytest.param({"entrypoint": ("tini", "--", "uvicorn", "app:app")}, "starts the server", id="behind-tini"),
            pytest.param({"entrypoint": ("python", "-m", "app")}, "no other command", id="interpreter"),
            pytest.param({"entrypoint": ("python", "serve.py"), "command": ()}, "no other command", id="script"),
            pytest.param({"entrypoint": ("uv", "run")}, "put its packages on PATH", id="runner"),
            pytest.param({"entrypoint": ("/entry.sh", "$MODE")}, "the word '$MODE'", id="variable"),
            pytest.param({"entrypoint": ("/entry.sh", "")}, "the word ''", id="empty-word"),
            pytest.param({"copies": ((".env", "/bakery/.env"),)}, "it copies .env", id="env"),
            pytest.param({"user": "$WHO"}, "write the name", id="unknown-user"),
            pytest.param(
                {"command": ("uvicorn", "main:app", "--app-dir", "/code/src")}, "absolute --app-dir", id="app-dir"
            ),
            pytest.param({"problem": "no FROM"}, "no FROM", id="unreadable"),
        ],
    )
    def test_that_cannot_be_kept_is_refused_with_the_reason(self, changes: dict[str, Any], why: str) -> None:
        recipe = replace(self.KEPT, **changes)
        everything = replace(PIP, extras=frozenset({"fastapi[standard]"}))

        with pytest.raises(WrongInput, match="cannot be kept") as refused:
            proposed(recipe=recipe)

        assert why in refused.value.evidence[0]
        assert "dockerfile=replace" in refused.value.hint
        assert "dockerfile" not in proposed({"dockerfile": "replace"}, recipe=recipe, dependencies=everything)

    def test_its_options_are_carried_over(self) -> None:
        command = ("uvicorn", "app.main:app", "--host", "0.0.0.0", "--port", "80", "--root-path", "/api", "--workers=9")

        assert proposed(recipe=replace(self.KEPT, command=command))["server_options"] == "--root-path=/api"

    @pytest.mark.parametrize(
        "command",
        [
            ("alembic", "upgrade", "head", "&&", "uvicorn", "app.main:app", "--root-path", "/x", "--workers", "5"),
            ("sh", "-c", "alembic upgrade head && exec uvicorn app.main:app --root-path /x --workers 5"),
            ("bash", "-c", "set -e; alembic upgrade head;uvicorn app.main:app --root-path /x --workers 5"),
        ],
    )
    def test_a_shell_line_is_taken_apart(self, command: tuple[str, ...]) -> None:
        found = adopt.propose(source(recipe=replace(self.KEPT, command=command)), APP, {})

        assert any(line.startswith("alembic upgrade head, from the Dockerfile's CMD") for line in found.said)
        assert found.answers["prestart"] == "alembic"
        assert (found.answers["server_options"], found.answers["workers"]) == ("--root-path=/x", 5)

    def test_an_option_that_is_no_answer_is_named(self) -> None:
        command = ("uvicorn", "app.main:app", "--header", "X-A: b c", "--ssl-keyfile=k.pem", "--timeout-keep-alive=1")
        found = adopt.propose(source(recipe=replace(self.KEPT, command=command)), APP, {})

        assert "server_options" not in found.answers
        assert "not carried over from the Dockerfile's CMD: --header=X-A: b c" in found.said

    @pytest.mark.parametrize(
        ("words", "answer"),
        [
            (("/entrypoint.sh",), "/entrypoint.sh"),
            (("./entrypoint.sh", "--wait"), "./entrypoint.sh --wait"),
            (("tini", "--", "entry.sh"), "tini -- entry.sh"),
            (("bash", "docker/entry.sh"), "bash docker/entry.sh"),
            (("python3", "entry.py"), "python3 entry.py"),
            ((), None),
        ],
    )
    def test_an_entry_point_that_passes_a_command_on_stays(self, words: tuple[str, ...], answer: str | None) -> None:
        found = adopt.propose(source(recipe=replace(self.KEPT, entrypoint=words)), APP, {})

        assert found.answers.get("entrypoint") == answer
        assert any(f"its ENTRYPOINT {answer} " in line and "exec" in line for line in found.said) is bool(answer)

    def test_an_entry_point_may_be_left_out(self) -> None:
        recipe = replace(self.KEPT, entrypoint=("uvicorn", "app.main:app"), entrypoint_in_shell=True)

        assert "entrypoint" not in proposed({"entrypoint": ""}, recipe=recipe)

    @pytest.mark.parametrize(
        ("base", "told"), [("python:3.14-slim", False), ("docker.io/library/debian", False), ("acme/base:1", True)]
    )
    def test_an_entry_point_that_only_the_base_image_knows_is_spoken_of(self, base: str, told: bool) -> None:
        found = adopt.propose(source(recipe=replace(self.KEPT, base=base)), APP, {})

        assert any("--data entrypoint=" in line for line in found.said) is told

    def test_none_cannot_be_kept(self) -> None:
        with pytest.raises(WrongInput, match="no Dockerfile to keep"):
            proposed({"dockerfile": "keep"})


class TestWhatRunsBeforeTheServer:
    SERVER = "uvicorn app.main:app"

    def found(self, line: str, given: dict[str, Any] | None = None, **changes: Any) -> adopt.Proposal:
        recipe = Recipe(**{"base": "python:3.14", "command": ("sh", "-c", line), **changes})
        paths = frozenset({"app/main.py", "backend/app/main.py", "backend/seed.py", "prestart.sh"})
        return adopt.propose(source(recipe=recipe, paths=paths), APP, given or {})

    @pytest.mark.parametrize(
        ("line", "answer"),
        [
            ("alembic upgrade head && ", "alembic"),
            ("poetry run alembic upgrade head && ", "alembic"),
            ("uv run --frozen --no-dev alembic upgrade head ; ", "alembic"),
            ("alembic -c db/alembic.ini upgrade head && ", "alembic -c db/alembic.ini upgrade head"),
            ("python -m app.seed && exec ", "python -m app.seed"),
            ("./prestart.sh && ", "./prestart.sh"),
            ("set -e; sh prestart.sh; ", "sh prestart.sh"),
        ],
    )
    @pytest.mark.parametrize("given", [{}, {"dockerfile": "replace"}])
    def test_one_command_is_translated(self, line: str, answer: str, given: dict[str, Any]) -> None:
        found = self.found(f"{line}{self.SERVER}", given)

        assert found.answers["prestart"] == answer
        assert any(f"translated to prestart={answer}, which runs once" in one for one in found.said)

    @pytest.mark.parametrize(
        ("line", "named"),
        [
            ("alembic upgrade head && python -m app.seed && ", "alembic upgrade head && python -m app.seed; put"),
            ("cat seed.sql | psql && ", "cat seed.sql | psql; put"),
            ("alembic upgrade head || ", "alembic upgrade head; put"),
            ("python seed.py $MODE && ", "python seed.py $MODE; put"),
            ("python -c 'import app' && ", "python -c 'import app'; put"),
            ("MODE=x python seed.py && ", "MODE=x python seed.py; put"),
            ("cd app && ", "cd app; put"),
            (". ./env.sh; ", ". ./env.sh; put"),
            ("uv run --with x seed && ", "uv run --with x seed; put"),
            ("python seed.py > log && ", "python seed.py > log; put"),
            ("celery -A app worker & ", "celery -A app worker; what runs beside"),
        ],
    )
    def test_anything_else_is_named_with_what_to_do(self, line: str, named: str) -> None:
        found = self.found(f"{line}{self.SERVER}")

        assert "prestart" not in found.answers
        assert any(one.startswith(f"not carried over from the Dockerfile's CMD: {named}") for one in found.said)
        assert any("--data prestart=" in one for one in found.said) is ("beside" not in named)

    @pytest.mark.parametrize("line", ["uvicorn app.main:app", "exec", "exec uvicorn app.main:app", "./start.sh", ""])
    def test_nothing_is_said_of_a_line_with_one_command(self, line: str) -> None:
        found = self.found(line)

        assert "prestart" not in found.answers
        assert not any("prestart" in one or "not carried over" in one for one in found.said)

    def test_what_comes_after_the_server_is_named(self) -> None:
        assert any(
            "echo done; what runs beside or after" in one for one in self.found(f"{self.SERVER}; echo done").said
        )

    def test_the_person_decides(self) -> None:
        found = self.found(f"alembic upgrade head && {self.SERVER}", {"prestart": ""})

        assert "prestart" not in found.answers
        assert not any("alembic" in one for one in found.said)

    @pytest.mark.parametrize(
        ("given", "answer"),
        [({}, "python /code/seed.py"), ({"dockerfile": "replace"}, "env -C backend python seed.py")],
    )
    def test_it_runs_in_the_folder_in_which_it_ran(self, given: dict[str, Any], answer: str) -> None:
        line = f"python /code/seed.py && {self.SERVER}"
        found = self.found(line, given, workdir="/code", copies=(("prestart.sh", "/"), ("backend", "/code/")))

        assert found.answers["prestart"] == answer


@pytest.mark.parametrize(("name", "word"), [("prestart", commands.FITS), ("entrypoint", dockerfile.WORD)])
def test_what_fits_a_question_is_what_the_template_takes(name: str, word: re.Pattern[str]) -> None:
    document = yaml.safe_load((answers.template() / "copier.yml").read_text())

    assert f"'^{word.pattern}( {word.pattern})*$(?!\\n)'" in document[name]["validator"]


class TestWhatTheStackCouldDo:
    def hints(self, names: str = "", given: dict[str, Any] | None = None, *files: str) -> list[str]:
        needs = replace(PIP, names=PIP.names | set(names.split()))
        found = adopt.propose(source(dependencies=needs, files=SOURCE.files | set(files)), APP, given or {})
        return [line for line in found.said if "--data " in line]

    def scheme(self, names: str, given: dict[str, Any]) -> tuple[object, list[str]]:
        needs = replace(PIP, names=PIP.names | set(names.split()))
        found = adopt.propose(source(dependencies=needs), APP, given)
        return found.answers.get("database_scheme"), [line for line in found.said if "DATABASE_URL begins" in line]

    def test_nothing_where_nothing_suggests_it(self) -> None:
        assert self.hints("sqlalchemy") == []

    @pytest.mark.parametrize("driver", ["asyncpg", "psycopg", "psycopg2", "psycopg2-binary"])
    def test_a_driver_suggests_postgresql(self, driver: str) -> None:
        assert self.hints(driver) == [
            f"{driver} is there: --data postgres=true puts PostgreSQL beside the app (DATABASE_URL)"
        ]

    @pytest.mark.parametrize("answer", ["true", "false", True])
    def test_not_when_the_person_has_said(self, answer: object) -> None:
        assert self.hints("asyncpg redis", {"postgres": answer, "redis": answer}) == []

    @pytest.mark.parametrize(
        ("names", "scheme"),
        [
            ("asyncpg sqlalchemy", "postgresql+asyncpg"),
            ("asyncpg psycopg2-binary sqlalchemy", "postgresql+asyncpg"),
            ("psycopg sqlalchemy", "postgresql+psycopg"),
        ],
    )
    def test_sqlalchemy_finds_the_driver(self, names: str, scheme: str) -> None:
        said = f"DATABASE_URL begins with {scheme}://, for sqlalchemy"
        assert self.scheme(names, {"postgres": "yes"}) == (scheme, [said])

    @pytest.mark.parametrize(
        ("names", "given"),
        [
            ("asyncpg sqlalchemy", {}),
            ("asyncpg sqlalchemy", {"postgres": "no"}),
            ("asyncpg sqlalchemy", {"postgres": "yes", "database_scheme": "postgresql"}),
            ("psycopg2-binary sqlalchemy", {"postgres": "yes"}),
            ("asyncpg", {"postgres": "yes"}),
        ],
        ids=["nobody said", "no database", "said", "its own driver", "no sqlalchemy"],
    )
    def test_the_scheme_stays_as_it_is(self, names: str, given: dict[str, Any]) -> None:
        assert self.scheme(names, given) == (None, [])

    @pytest.mark.parametrize("file", ["", "alembic.ini"])
    def test_migrations_want_something_to_go_by(self, file: str) -> None:
        there = source(files=SOURCE.files | {file})
        if file:
            assert "prestart" not in adopt.propose(there, APP, {"prestart": "alembic"}).answers
        else:
            with pytest.raises(WrongInput, match=r"there is no alembic\.ini in \."):
                adopt.propose(there, APP, {"prestart": "alembic"})

    def test_redis(self) -> None:
        assert self.hints("redis") == ["redis is there: --data redis=true puts Redis beside the app (REDIS_URL)"]

    @pytest.mark.parametrize(
        "package", ["prometheus-client", "prometheus-fastapi-instrumentator", "starlette-exporter"]
    )
    def test_figures_of_several_workers(self, package: str) -> None:
        (said,) = self.hints(package)

        assert said.startswith("prometheus_client is there: each worker counts for itself")
        assert "PROMETHEUS_MULTIPROC_DIR: /tmp" in said

    @pytest.mark.parametrize("given", [{"workers": "1"}, {"workers": 1}, {"replicas": "2"}])
    def test_figures_of_a_single_worker(self, given: dict[str, Any]) -> None:
        assert self.hints("prometheus-client", given) == []

    def test_migrations(self) -> None:
        (said,) = self.hints("alembic", None, "alembic.ini")

        assert "--data prestart=alembic" in said
        assert self.hints("", None, "alembic.ini") == []
        assert self.hints("", {"prestart": "alembic"}, "alembic.ini") == []

    @pytest.mark.parametrize("before", ["alembic upgrade head", "alembic upgrade head && python -m app.seed"])
    def test_migrations_are_spoken_of_once(self, before: str) -> None:
        recipe = Recipe(base="python:3.14", command=("sh", "-c", f"{before} && uvicorn app.main:app"))
        found = adopt.propose(source(recipe=recipe, files=SOURCE.files | {"alembic.ini"}), APP, {})

        assert not any("alembic.ini" in line for line in found.said)

    def test_settings_have_a_place_and_secret_ones_another(self) -> None:
        found = adopt.propose(source(files=SOURCE.files | {".env"}), APP, {})
        (said,) = (line for line in found.said if line.startswith(".env: "))

        assert "compose.app.yaml" in said
        assert "stack secret set NAME" in said


class TestWhetherItIsAlive:
    def said(self, given: dict[str, Any] | None = None, **changes: Any) -> list[str]:
        return [line for line in adopt.propose(source(**changes), APP, given or {}).said if line.startswith("alive: ")]

    def test_the_route_is_named_with_its_place(self) -> None:
        assert self.said(health_path="/health", health_where="x.py, line 1") == [
            "alive: /health answers below 500 (x.py, line 1)"
        ]

    def test_a_path_that_only_running_tells_is_asked_for(self) -> None:
        assert self.said(health_hidden="x.py, line 1 ends in /health") == [
            (
                "alive: / answers below 500; x.py, line 1 ends in /health, after a prefix that only running tells:"
                " --data health_path=PATH names it"
            )
        ]

    def test_nothing_is_said_when_the_person_has(self) -> None:
        assert self.said({"health_path": "/up"}, health_hidden="x.py, line 1 ends in /health") == []


def test_a_factory_is_called() -> None:
    assert proposed(app=replace(APP, factory=True))["server_options"] == "--factory"


class TestData:
    @pytest.mark.parametrize(
        ("path", "kind", "kept"),
        [
            pytest.param("database.db", "sqlite", "database.db", id="beside-the-code"),
            pytest.param("./database.db", "sqlite", "database.db", id="dot"),
            pytest.param("data/app.db", "sqlite", "data/", id="folder"),
            pytest.param("./var/log/app.log", "file", "var/log/", id="deep"),
            pytest.param("app/app.db", "sqlite", "app/app.db", id="in-the-package"),
            pytest.param("uploads", "folder", "uploads/", id="made"),
            pytest.param("/data/app.db", "sqlite", "/data/", id="absolute"),
            pytest.param("/srv/data/app.db", "sqlite", "data/", id="where-the-code-is"),
            pytest.param("/etc/passwd", "file", None, id="system"),
            pytest.param("my data/x.db", "sqlite", None, id="space"),
            pytest.param("../x.db", "sqlite", None, id="outside"),
            pytest.param("app", "folder", None, id="the-package-itself"),
        ],
    )
    def test_every_path_gets_a_place_or_a_sentence(self, path: str, kind: str, kept: str | None) -> None:
        found = adopt.propose(source(writings=(Writing(path, "app/db.py, line 3", kind),)), APP, {})

        assert found.answers.get("data") == kept
        assert any(line.startswith("data: ") and "app/db.py, line 3" in line for line in found.said)

    def test_several_are_one_answer_without_what_lies_in_another(self) -> None:
        paths = ("data/a.db", "data/cache/x", "uploads", "data/b.db")
        writings = tuple(Writing(path, "x.py, line 1", "folder" if path == "uploads" else "file") for path in paths)

        assert proposed(writings=writings)["data"] == "data/ uploads/"

    def test_what_the_person_said_counts(self) -> None:
        writings = (Writing("database.db", "x.py, line 1", "sqlite"),)

        assert "data" not in proposed({"data": ""}, writings=writings)

    def test_with_a_kept_dockerfile_it_is_said_what_it_takes(self) -> None:
        recipe = Recipe(base="python:3.14", workdir="/bakery")
        found = adopt.propose(
            source(recipe=recipe, writings=(Writing("data/x.db", "x.py, line 1", "sqlite"),)), APP, {}
        )

        assert "data" not in found.answers
        assert any("install -d -o USER /bakery/data" in line and "data=/bakery/data/" in line for line in found.said)

    @pytest.mark.parametrize(
        ("path", "kind", "beside", "kept"),
        [
            pytest.param("static", "folder", "static/logo.svg", None, id="shipped"),
            pytest.param("uploads", "folder", "uploads/.gitkeep", "uploads/", id="placeholder"),
            pytest.param("uploads", "folder", "uploads/a.png", "uploads/", id="tried-before"),
            pytest.param("app/db/app.db", "sqlite", "app/db/session.py", "app/db/app.db", id="beside-code"),
            pytest.param("data/app.db", "sqlite", "data/app.db", "data/", id="itself"),
            pytest.param("data/app.db", "sqlite", "data/app.db-wal", "data/", id="its-journal"),
            pytest.param("main.py", "file", "main.py", None, id="code"),
        ],
    )
    def test_what_is_shipped_is_not_covered(self, path: str, kind: str, beside: str, kept: str | None) -> None:
        writings = (Writing(path, "x.py, line 1", kind),)

        assert proposed(writings=writings, paths=frozenset({beside})).get("data") == kept


class TestFilesThatAreThere:
    def test_whatever_compose_would_read_has_to_make_room(self) -> None:
        files = frozenset({"docker-compose.yml", "docker-compose.override.yml", "compose.dev.yaml", "Dockerfile"})

        aside = adopt.in_the_way(source(files=files), {"dockerfile": "keep"})

        assert aside == ("docker-compose.yml", "docker-compose.override.yml")
        assert "Dockerfile" in adopt.in_the_way(source(files=files), {"dockerfile": "replace"})

    @pytest.mark.parametrize("text", ["", "a: [", "services: 1", "- a", "services: {db: {x: 2024-13-45}}"])
    def test_a_compose_file_that_nobody_can_read_is_none_of_a_crash(self, text: str) -> None:
        assert adopt.left_behind("compose.yml", text) == ""

    def test_an_env_file_keeps_every_line(self) -> None:
        once = adopt.with_block("A=1\nB='x", "STACK_DOMAIN=x\n")

        assert once == f"A=1\nB='x\n\n{adopt.BEGIN}\nSTACK_DOMAIN=x\n{adopt.END}\n"
        assert adopt.with_block(once, "STACK_DOMAIN=y\n") == once

    def test_ignored_patterns_keep_the_persons_and_have_the_last_word(self) -> None:
        lines = adopt.with_patterns("*\n!app\n", ".env\nsecrets\n").splitlines()

        assert lines.index("!app") < lines.index("secrets") < lines.index("!container/entrypoint.py")
        assert "!container/healthcheck.py" in lines
