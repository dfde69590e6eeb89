"""Where the app is: the places of `fastapi run`, and what is believed of code that is only read."""

import subprocess
import sys
from pathlib import Path

import pytest
from fastapi_cli import discover
from fastapi_cli.exceptions import FastAPICLIException

from scaffold import detect
from scaffold.detect import apps
from scaffold.source import Candidate

from .folders import APP, make

FACTORY = "from fastapi import FastAPI\n\ndef create() -> FastAPI:\n    return FastAPI()\n"
INIT = ""


def found(root: Path, files: dict[str, str]) -> list[tuple[str, str]]:
    return [(one.app, one.folder) for one in detect.look(make(root, files)).candidates]


SHAPES = {
    "package": ({"app/__init__.py": INIT, "app/main.py": APP}, [("app.main:app", ".")]),
    "single file": ({"main.py": APP}, [("main:app", ".")]),
    "single file of the second name": ({"app.py": APP}, [("app:app", ".")]),
    "folder that is no package": ({"app/main.py": APP}, [("main:app", "app")]),
    "folder that its code takes for a package": (
        {"app/main.py": f"{APP}from app.db import engine\n", "app/db.py": "engine = 1\n"},
        [("app.main:app", ".")],
    ),
    "folder that its code takes for a package, by import": (
        {"app/main.py": f"import app.db\n{APP}", "app/db.py": ""},
        [("app.main:app", ".")],
    ),
    "folder that its code takes for a package, relatively": (
        {"app/main.py": f"from .db import engine\n{APP}", "app/db.py": "engine = 1\n"},
        [("app.main:app", ".")],
    ),
    "folder with a module of its own name": (
        {"app/main.py": f"import app\n{APP}", "app/app.py": ""},
        [("main:app", "app")],
    ),
    "src": ({"src/main.py": APP}, [("main:app", "src")]),
    "src with a package": ({"src/shop/__init__.py": INIT, "src/shop/main.py": APP}, [("shop.main:app", "src")]),
    "src with an app in the package itself": ({"src/shop/__init__.py": APP}, [("shop:app", "src")]),
    "src that is a package": (
        {"src/main.py": f"from src.db import engine\n{APP}", "src/db.py": "engine = 1\n"},
        [("src.main:app", ".")],
    ),
    "package of another name": ({"shop/__init__.py": INIT, "shop/api.py": APP}, [("shop.api:app", ".")]),
    "nested packages": (
        {"back/__init__.py": INIT, "back/web/__init__.py": INIT, "back/web/server.py": APP},
        [("back.web.server:app", ".")],
    ),
    "elsewhere": ({"services/shop/server.py": APP}, [("server:app", "services/shop")]),
    "folder whose name is no module's": (
        {"my-app/__init__.py": INIT, "my-app/main.py": APP},
        [("main:app", "my-app")],
    ),
    "two apps": (
        {"main.py": APP, "app/__init__.py": INIT, "app/main.py": APP},
        [("main:app", "."), ("app.main:app", ".")],
    ),
    "two apps in unusual places": (
        {"one/server.py": APP, "two/server.py": APP},
        [("server:app", "one"), ("server:app", "two")],
    ),
    "an unusual place beside a usual one": ({"main.py": APP, "tools/server.py": APP}, [("main:app", ".")]),
    "a launcher beside the app": (
        {"main.py": "from app.main import app\n", "app/__init__.py": INIT, "app/main.py": APP},
        [("app.main:app", ".")],
    ),
    "an app for tests": ({"main.py": APP, "tests/main.py": APP, "test_main.py": APP}, [("main:app", ".")]),
    "only an app for tests": ({"tests/main.py": APP, "conftest.py": APP}, []),
    "others' code": ({"venv/main.py": APP, ".hidden/main.py": APP, "node_modules/x/main.py": APP}, []),
    "an environment of another name": ({"py311/pyvenv.cfg": "", "py311/lib/main.py": APP}, []),
    "a folder named main.py": ({"main.py/app.py": APP}, [("app:app", "main.py")]),
    "mounted from another file": (
        {"main.py": f"{APP}from api import app as sub\napp.mount('/api', sub)\n", "api.py": APP},
        [("main:app", ".")],
    ),
    "mounted from another file, relatively": (
        {
            "app/__init__.py": INIT,
            "app/main.py": f"{APP}from . import api\napp.mount('/api', api.app)\n",
            "app/api.py": APP,
        },
        [("app.main:app", ".")],
    ),
    "a factory": ({"main.py": FACTORY}, [("main:create", ".")]),
    "a factory that another file calls": (
        {"main.py": "from shop.factory import create\napp = create()\n", "shop/factory.py": FACTORY},
        [("main:app", ".")],
    ),
    "a syntax error": ({"main.py": "app = FastAPI(\n", "app.py": APP}, [("app:app", ".")]),
    "nothing": ({}, []),
    "no app": ({"main.py": "print('hello')\n"}, []),
}


@pytest.mark.parametrize(("files", "expected"), SHAPES.values(), ids=SHAPES)
def test_an_app_is_found_in_every_shape(tmp_path: Path, files: dict[str, str], expected: list[tuple[str, str]]) -> None:
    assert found(tmp_path, files) == expected


def test_what_is_found_can_be_imported(tmp_path: Path) -> None:
    """With a few lines in FastAPI's place, which takes half a second to import, and Python's own rules."""
    make(tmp_path / "library", {"fastapi.py": "class FastAPI:\n    def mount(self, path, app):\n        pass\n"})
    lines = []
    for number, (files, expected) in enumerate(SHAPES.values()):
        root = make(tmp_path / str(number), files)
        lines += [f"{root / folder}\t{app}" for app, folder in expected]
    script = (
        "import importlib, sys\n"
        "usual = set(sys.modules)\n"
        "for line in sys.stdin.read().splitlines():\n"
        "    folder, app = line.split('\\t')\n"
        "    for name in set(sys.modules) - usual:\n"
        "        del sys.modules[name]\n"
        "    module, _, name = app.partition(':')\n"
        "    sys.path[:1] = [folder]\n"
        "    getattr(importlib.import_module(module), name)\n"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", script],
        input="\n".join(lines),
        env={"PYTHONPATH": str(tmp_path / "library"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert len(lines) > len(SHAPES) / 2


# ------------------------------------------------------------------ beside fastapi-cli itself


def test_the_places_are_those_of_fastapi_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    chosen = []
    make(tmp_path, dict.fromkeys(apps.PLACES, APP))
    for _ in apps.PLACES:
        place = discover.get_default_path()
        chosen.append(str(place))
        place.unlink()
    assert tuple(chosen) == apps.PLACES
    with pytest.raises(FastAPICLIException):
        discover.get_default_path()


@pytest.mark.parametrize(
    ("files", "path"),
    [
        ({"main.py": APP}, "main.py"),
        ({"app/main.py": APP}, "app/main.py"),
        ({"app/__init__.py": "", "app/main.py": APP}, "app/main.py"),
        ({"a/__init__.py": "", "a/b/__init__.py": "", "a/b/main.py": APP}, "a/b/main.py"),
        ({"a/b/__init__.py": "", "a/b/main.py": APP}, "a/b/main.py"),
        ({"src/shop/__init__.py": APP}, "src/shop/__init__.py"),
        ({"src/shop/api.py": APP}, "src/shop/api.py"),
    ],
    ids=["file", "folder", "package", "two packages", "package in a folder", "the package itself", "src"],
)
def test_root_and_module_are_those_of_fastapi_run(tmp_path: Path, files: dict[str, str], path: str) -> None:
    real = discover.get_module_data_from_path(make(tmp_path, files) / path)
    (one,) = detect.look(tmp_path).candidates
    assert (tmp_path / one.folder).resolve() == real.extra_sys_path
    assert one.app == f"{real.module_import_str}:app"


# ------------------------------------------------------------------ one module

MODULES = {
    "by name": ("from fastapi import FastAPI\napp = FastAPI()\n", ["app"]),
    "by another name": ("from fastapi import FastAPI as Api\nweb = Api()\n", ["web"]),
    "by its module": ("import fastapi\napp = fastapi.FastAPI()\n", ["app"]),
    "by its module's other name": ("import fastapi as f\napp = f.FastAPI()\n", ["app"]),
    "by the inner module": ("from fastapi.applications import FastAPI\napp = FastAPI()\n", ["app"]),
    "of a class of its own": (
        "from fastapi import FastAPI\nclass Shop(FastAPI):\n    pass\nshop = Shop()\n",
        ["shop"],
    ),
    "annotated": ("from fastapi import FastAPI\nweb: FastAPI = build()\n", ["web"]),
    "annotated in quotes": ("from fastapi import FastAPI\nweb: 'FastAPI' = build()\n", ["web"]),
    "only announced": ("from fastapi import FastAPI\nweb: FastAPI\n", []),
    "in a condition": ("from fastapi import FastAPI\nif True:\n    app = FastAPI()\n", ["app"]),
    "in an attempt": (
        "from fastapi import FastAPI\ntry:\n    x = 1\nexcept OSError:\n    pass\nelse:\n    web = FastAPI()\n",
        ["web"],
    ),
    "under a context": ("from fastapi import FastAPI\nwith x:\n    web = FastAPI()\n", ["web"]),
    "in the main part alone": (
        "from fastapi import FastAPI\nif __name__ == '__main__':\n    app = FastAPI()\n",
        [],
    ),
    "inside a function alone": ("from fastapi import FastAPI\ndef f():\n    app = FastAPI()\n", []),
    "app before others": (
        "from fastapi import FastAPI\nadmin = FastAPI()\napi = FastAPI()\napp = FastAPI()\n",
        ["app"],
    ),
    "api before others": ("from fastapi import FastAPI\nadmin = FastAPI()\napi = FastAPI()\n", ["api"]),
    "several of other names": ("from fastapi import FastAPI\none = FastAPI()\ntwo = FastAPI()\n", ["one", "two"]),
    "mounted": (
        "from fastapi import FastAPI\nroot = FastAPI()\nsub = FastAPI()\nroot.mount('/sub', sub)\n",
        ["root"],
    ),
    "app mounted onto another": (
        "from fastapi import FastAPI\nroot = FastAPI()\napp = FastAPI()\nroot.mount('/app', app=app)\n",
        ["root"],
    ),
    "mounted onto what is not seen": ("from fastapi import FastAPI\nsub = FastAPI()\nroot.mount('/x', sub)\n", ["sub"]),
    "made by a function": (f"{FACTORY}app = create()\n", ["app"]),
    "wrapped": ("from fastapi import FastAPI\napp = FastAPI()\napp = Wrapped(app)\n", ["app"]),
    "made elsewhere": ("from shop import create\napp = create()\n", ["app"]),
    "made elsewhere, of another name": ("from shop import create\nweb = create()\n", []),
    "imported": ("from shop import app\n", ["app"]),
    "imported as api": ("from shop import web as api\n", ["api"]),
    "another framework": ("from flask import Flask\napp = Flask(__name__)\n", []),
    "a command line": ("import typer\napp = typer.Typer()\n", []),
    "a router": ("from fastapi import APIRouter\napi = APIRouter()\n", []),
    "a string": ("app = 'shop'\n", []),
    "an app beside an import": ("from shop import api\nfrom fastapi import FastAPI\nweb = FastAPI()\n", ["web"]),
}


@pytest.mark.parametrize(("text", "expected"), MODULES.values(), ids=MODULES)
def test_an_app_is_known_by_what_it_is_bound_to(tmp_path: Path, text: str, expected: list[str]) -> None:
    candidates = detect.look(make(tmp_path, {"main.py": text})).candidates
    assert [one.app for one in candidates] == [f"main:{name}" for name in expected]
    assert not any(one.factory for one in candidates)


FACTORIES = {
    "announced": (FACTORY, ["create"]),
    "announced in quotes": ("from fastapi import FastAPI\ndef create() -> 'FastAPI': ...\n", ["create"]),
    "returns what it built": (
        "from fastapi import FastAPI\ndef create(x=1, *, y=2):\n    web = FastAPI()\n    return web\n",
        ["create"],
    ),
    "imports inside": ("def create():\n    from fastapi import FastAPI\n    return FastAPI()\n", ["create"]),
    "wants arguments": ("from fastapi import FastAPI\ndef create(x) -> FastAPI: ...\n", []),
    "wants arguments by name": ("from fastapi import FastAPI\ndef create(*, x) -> FastAPI: ...\n", []),
    "private": ("from fastapi import FastAPI\ndef _create() -> FastAPI: ...\n", []),
    "returns something else": ("from fastapi import FastAPI\ndef create():\n    x = FastAPI()\n    return 1\n", []),
    "beside an app": (f"{FACTORY}web = FastAPI()\n", None),
}


@pytest.mark.parametrize(("text", "expected"), FACTORIES.values(), ids=FACTORIES)
def test_a_factory_counts_when_there_is_no_app(tmp_path: Path, text: str, expected: list[str] | None) -> None:
    candidates = detect.look(make(tmp_path, {"main.py": text})).candidates
    wanted = ["web"] if expected is None else expected
    assert [one.app for one in candidates] == [f"main:{name}" for name in wanted]
    assert all(one.factory is (expected is not None) for one in candidates)


def test_it_is_said_where_an_app_was_found(tmp_path: Path) -> None:
    (one,) = detect.look(make(tmp_path, {"main.py": APP})).candidates
    assert one == Candidate("main:app", ".", "main.py, line 3")


def test_it_is_said_where_an_app_was_looked_for(tmp_path: Path) -> None:
    make(tmp_path, {"shop/__init__.py": "", "shop/main.py": "", "shop/web.py": "", "src/app.py": ""})
    assert detect.look(tmp_path).looked == (
        "[tool.fastapi] entrypoint in pyproject.toml",
        *apps.PLACES,
        "src/app.py",
        "shop/main.py",
        "2 other Python files",
    )


# ------------------------------------------------------------------ the project's own word


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"main.py": APP, "shop/web.py": APP}, ("shop.web:app", ".")),
        ({"main.py": APP, "src/shop/web.py": APP}, ("shop.web:app", "src")),
        ({"main.py": APP}, ("shop.web:app", ".")),
        ({"shop/web/__init__.py": APP, "src/shop/web.py": APP}, ("shop.web:app", ".")),
    ],
    ids=["at the top", "under src", "nowhere", "in both"],
)
def test_the_entrypoint_decides(tmp_path: Path, files: dict[str, str], expected: tuple[str, str]) -> None:
    make(tmp_path, {**files, "pyproject.toml": "[tool.fastapi]\nentrypoint = 'shop.web:app'\n"})
    found = detect.look(tmp_path)
    assert found.candidates == (Candidate(*expected, "[tool.fastapi] entrypoint in pyproject.toml"),)
    assert found.looked == ("[tool.fastapi] entrypoint in pyproject.toml",)


@pytest.mark.parametrize("entrypoint", ["'app/main.py'", "''", "3", "'main:'"])
def test_an_entrypoint_that_is_none_is_told_and_the_search_goes_on(tmp_path: Path, entrypoint: str) -> None:
    make(tmp_path, {"main.py": APP, "pyproject.toml": f"[tool.fastapi]\nentrypoint = {entrypoint}\n"})
    found = detect.look(tmp_path)
    assert [one.app for one in found.candidates] == ["main:app"]
    (note,) = found.notes
    assert "is no import string such as 'app.main:app'" in note


# ------------------------------------------------------------------ names

WEB = {"src/shop/__init__.py": "", "src/shop/main.py": APP}


@pytest.mark.parametrize(
    ("files", "app", "root", "expected"),
    [
        (WEB, "shop.main:app", "src", ""),
        (WEB, "shop.main:app.router", "src", ""),
        (WEB, "shop.main:api", "src", "src/shop/main.py defines no `api`; it defines the FastAPI app `app`"),
        (WEB, "shop.api:app", "src", "there is no shop/api.py or shop/api/__init__.py in src"),
        (WEB, "shop.main:app", ".", "there is no shop/main.py or shop/main/__init__.py"),
        (WEB, "shop/main.py", "src", "'shop/main.py' is no import string such as app.main:app"),
        (WEB, "shop:app", "src", "src/shop/__init__.py defines no `app`"),
        ({"main.py": "from x import *\n"}, "main:app", ".", ""),
        ({"main.py": "def __getattr__(name): ...\n"}, "main:app", ".", ""),
        ({"main.py": "def app(): ...\n"}, "main:app", ".", ""),
        ({"main.py": "async def app(a, b, c): ...\n"}, "main:app", ".", ""),
        ({"main.py": "class app: ...\n"}, "main:app", ".", ""),
        ({"main.py": "import shop.app\n"}, "main:shop", ".", ""),
        ({"main.py": "import shop.app\n"}, "main:app", ".", "main.py defines no `app`"),
        ({"main.py": "from shop import web as app\n"}, "main:app", ".", ""),
        ({"main.py": "app, other = build()\n"}, "main:app", ".", ""),
        ({"main.py": "def setup():\n    global app\n    app = 1\nsetup()\n"}, "main:app", ".", ""),
        ({"main.py": "def setup():\n    app = 1\n"}, "main:app", ".", "main.py defines no `app`"),
        (
            {"main.py": "from fastapi import FastAPI\na = FastAPI()\nb = FastAPI()\n"},
            "main:app",
            ".",
            "main.py defines no `app`; it defines the FastAPI apps `a`, `b`",
        ),
        ({"main.py": "app = (\n"}, "main:app", ".", ""),
    ],
)
def test_an_import_string_names_something_or_it_is_said_why_not(
    tmp_path: Path, files: dict[str, str], app: str, root: str, expected: str
) -> None:
    assert detect.names(make(tmp_path, files), app, root) == expected


@pytest.mark.parametrize(
    ("files", "app", "expected"),
    [
        ({"app/main.py": APP}, "app.main:app", "."),
        ({"app/main.py": APP}, "main:app", "app"),
        ({"src/shop/main.py": APP}, "shop.main:app", "src"),
        ({"src/shop/__init__.py": APP}, "shop:app", "src"),
        ({"main.py": APP, "src/main.py": APP, "app/main.py": APP}, "main:app", "."),
        ({"src/main.py": APP, "app/main.py": APP}, "main:app", "src"),
        ({"b/main.py": APP, "a/c/main.py": APP}, "main:app", "b"),
        ({"tests/app.py": APP}, "tests.app:app", "."),
        ({"domain.py": APP, "sub/domain.py": APP}, "main:app", None),
        ({}, "main:app", None),
    ],
)
def test_the_import_root_is_where_the_module_is(
    tmp_path: Path, files: dict[str, str], app: str, expected: str | None
) -> None:
    assert detect.root_of(make(tmp_path, files), app) == expected
