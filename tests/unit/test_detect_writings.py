"""Which paths the code writes."""

from pathlib import Path

import pytest

from scaffold import detect
from scaffold.source import Writing

from .folders import make

WRITES = {
    "address": ('url = "sqlite:///./data/app.db"', "./data/app.db", "sqlite"),
    "address of a driver": ('url = "sqlite+aiosqlite:///app.db"', "app.db", "sqlite"),
    "address with options": ('url = "sqlite:///app.db?check_same_thread=false"', "app.db", "sqlite"),
    "absolute address": ('url = "sqlite:////data/x.db"', "/data/x.db", "sqlite"),
    "address of a URI": ('url = "sqlite:///file:app.db?mode=rwc&uri=true"', "app.db", "sqlite"),
    "address with two slashes": ('url = "sqlite://app.db"', "app.db", "sqlite"),
    "default of a setting": ('class Settings:\n    database_url: str = "sqlite:///app.db"', "app.db", "sqlite"),
    "default of a variable": ('os.getenv("DATABASE_URL", "sqlite:///app.db")', "app.db", "sqlite"),
    "the SQLModel tutorial": ('name = "app.db"\nurl = f"sqlite:///{name}"', "app.db", "sqlite"),
    "a folder and a file": ('here = "data"\nurl = f"sqlite:///{here}/{\'app\'}.db"', "data/app.db", "sqlite"),
    "put together": ('name = "app.db"\nurl = "sqlite:///data/" + name', "data/app.db", "sqlite"),
    "put together of an unknown part": ('url = "sqlite:///data/" + settings.name', None, ""),
    "put together in the old way": ('url = "sqlite:///data/%s" % settings.name', None, ""),
    "put together of many": ('url = "sqlite:///" + "data" + "/" + "app.db"', "data/app.db", "sqlite"),
    "unknown part": ('url = f"sqlite:///{settings.name}"', None, ""),
    "unknown part at the end": ('url = f"sqlite:///data/{settings.name}"', None, ""),
    "inside an unknown part": ("url = f\"{os.getenv('DB', 'sqlite:///app.db')}\"", "app.db", "sqlite"),
    "known once, then not": ('name = "app.db"\nname = f()\nurl = f"sqlite:///{name}"', None, ""),
    "in memory": ('url = "sqlite:///:memory:"', None, ""),
    "in memory, in short": ('url = "sqlite://"', None, ""),
    "in memory, by a URI": ('url = "sqlite:///file::memory:?cache=shared"', None, ""),
    "another database": ('url = "postgresql:///app.db"', None, ""),
    "prose": ('"""Use sqlite:///app.db, or so."""', None, ""),
    "connection": ('import sqlite3\nsqlite3.connect("app.db")', "app.db", "sqlite"),
    "connection by another name": ('from sqlite3 import connect as c\nc("app.db")', "app.db", "sqlite"),
    "connection by keyword": ('import aiosqlite\naiosqlite.connect(database="app.db")', "app.db", "sqlite"),
    "connection to a URI": ('import sqlite3\nsqlite3.connect("file:app.db?mode=rwc", uri=True)', "app.db", "sqlite"),
    "connection to a path": (
        'import sqlite3\nfrom pathlib import Path\nDATA = Path("data")\nsqlite3.connect(DATA / "app.db")',
        "data/app.db",
        "sqlite",
    ),
    "connection to memory": ('import sqlite3\nsqlite3.connect(":memory:")', None, ""),
    "connection of something else": ('broker.connect("app.db")', None, ""),
    "open to write": ('open("log.txt", "w")', "log.txt", "file"),
    "open to append": ('open("log.txt", mode="ab")', "log.txt", "file"),
    "open to change": ('open("log.txt", "r+")', "log.txt", "file"),
    "open to create": ('open(file="log.txt", mode="x")', "log.txt", "file"),
    "open to read": ('open("log.txt")\nopen("log.txt", "rb")', None, ""),
    "open some mode": ('open("log.txt", mode)', None, ""),
    "open asynchronously": ('import aiofiles\naiofiles.open("log.txt", "w")', "log.txt", "file"),
    "write text": ('from pathlib import Path\nPath("out.txt").write_text("x")', "out.txt", "file"),
    "write bytes": ('import pathlib\npathlib.Path("a", "out.bin").write_bytes(b"")', "a/out.bin", "file"),
    "touch": ('from pathlib import Path\n(Path("a") / "out").touch()', "a/out", "file"),
    "open a path": ('from pathlib import Path\nPath("out.txt").open("w")', "out.txt", "file"),
    "read a path": ('from pathlib import Path\nPath("out.txt").open()\nPath("out.txt").read_text()', None, ""),
    "make a folder": ('from pathlib import Path\nUPLOADS = Path("uploads")\nUPLOADS.mkdir()', "uploads", "folder"),
    "make folders": ('import os\nos.makedirs("a/b", exist_ok=True)', "a/b", "folder"),
    "connect to what a setting names, or else this": (
        'import os, sqlite3\nsqlite3.connect(os.environ.get("NOTES", "notes.db"))',
        "notes.db",
        "sqlite",
    ),
    "log where a variable says, or else here": (
        'from os import getenv\nLOG = getenv("LOG", "log.txt")\nopen(LOG, "a")',
        "log.txt",
        "file",
    ),
    "make joined folders": ('import os\nos.mkdir(os.path.join("a", "b"))', "a/b", "folder"),
    "beside the code": (
        "from pathlib import Path\nBASE = Path(__file__).resolve().parent\nurl = f\"sqlite:///{BASE / 'app.db'}\"",
        "src/shop/app.db",
        "sqlite",
    ),
    "above the code": (
        'from pathlib import Path\n(Path(__file__).parent.parent.parent / "uploads").mkdir()',
        "./uploads",
        "folder",
    ),
    "above the code, by number": (
        'from pathlib import Path\n(Path(__file__).absolute().parents[2] / "uploads").mkdir()',
        "./uploads",
        "folder",
    ),
    "above the code, in the old way": (
        (
            "import os\nBASE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))\n"
            'open(os.path.join(BASE, "log.txt"), "w")'
        ),
        "src/log.txt",
        "file",
    ),
    "outside of the project": ('from pathlib import Path\n(Path(__file__).parents[3] / "x").mkdir()', None, ""),
    "above an absolute path": ('from pathlib import Path\n(Path("/data/x").parent / "y").touch()', "/data/y", "file"),
    "some number above": ('from pathlib import Path\n(Path(__file__).parents[n] / "x").mkdir()', None, ""),
    "parent of something else": ('node.parent.open("w")', None, ""),
    "log": ('import logging\nlogging.FileHandler("app.log")', "app.log", "file"),
    "log that turns": (
        'from logging.handlers import RotatingFileHandler\nRotatingFileHandler("app.log", maxBytes=1)',
        "app.log",
        "file",
    ),
    "log of everything": ('import logging\nlogging.basicConfig(filename="app.log")', "app.log", "file"),
    "in a function": ('def f():\n    open("log.txt", "w")', "log.txt", "file"),
    "passing": ('open("/tmp/x", "w")\nopen("/dev/null", "w")\nopen("/proc/self/x", "w")', None, ""),
    "not quite passing": ('open("/tmpfiles/x", "w")', "/tmpfiles/x", "file"),
    "without end": ("a = 'x'\n" + "a = a + a\n" * 60 + "open(a, 'w')", None, ""),
    "very deep": ("open(" + "+".join(["'x'"] * 900) + ", 'w')", None, ""),
}


@pytest.mark.parametrize(("text", "path", "kind"), WRITES.values(), ids=WRITES)
def test_a_written_path_is_found(tmp_path: Path, text: str, path: str | None, kind: str) -> None:
    found = detect.look(make(tmp_path, {"src/shop/db.py": text + "\n"})).writings
    assert [(one.path, one.kind) for one in found] == ([(path, kind)] if path else [])


def test_a_path_is_told_once_and_where(tmp_path: Path) -> None:
    make(
        tmp_path,
        {
            "app/db.py": '\nurl = "sqlite:///./data/app.db"\n',
            "app/files.py": 'open("data/app.db", "w")\nopen("other", "w")\n',
        },
    )
    assert detect.look(tmp_path).writings == (
        Writing("./data/app.db", "app/db.py, line 2", "sqlite"),
        Writing("other", "app/files.py, line 2", "file"),
    )


def test_tests_and_migrations_are_not_looked_at(tmp_path: Path) -> None:
    text = 'open("log.txt", "w")\n'
    make(
        tmp_path,
        {
            "tests/files.py": text,
            "test_files.py": text,
            "conftest.py": text,
            "alembic/script.py.mako": "",
            "alembic/versions/1.py": text,
        },
    )
    assert detect.look(tmp_path).writings == ()
    make(tmp_path, {"api/versions/1.py": text})
    assert [one.where for one in detect.look(tmp_path).writings] == ["api/versions/1.py, line 1"]
