"""The built wheel is what people install: it carries the template and scaffolds from it."""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

from scaffold import SOURCE, __version__, answers, placing

ROOT = Path(__file__).parents[2]


def test_the_wheel_scaffolds_in_an_empty_environment(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    wheel = next(tmp_path.glob("*.whl"))
    venv.create(tmp_path / "empty", with_pip=True)
    constraints = ROOT / "tests/constraints.txt"
    pip = [str(tmp_path / "empty/bin/pip"), "install", "--quiet", "--constraint", str(constraints), str(wheel)]
    subprocess.run(pip, check=True, capture_output=True)

    subprocess.run([tmp_path / "empty/bin/stack", "new", tmp_path / "shop", "--defaults"], check=True, cwd=tmp_path)

    with zipfile.ZipFile(wheel) as archive:
        bundled = {name.removeprefix("scaffold/bundle/") for name in archive.namelist() if "bundle/" in name}
        modules = {name for name in archive.namelist() if not name.startswith("scaffold/")}
    template = {f"template/{path}" for path in placing.files(ROOT / "template")}
    assert bundled == {"copier.yml", *template}
    assert all(".dist-info/" in name for name in modules)
    assert (tmp_path / "shop/compose.yaml").read_text().startswith("# The stack")
    # pip compiles whatever is Python in a package, the template's too.
    assert [path for path in (tmp_path / "shop").rglob("*") if path.suffix == ".pyc"] == []
    assert answers.origin(tmp_path / "shop/.copier-answers.yml") == answers.Origin(SOURCE, f"v{__version__}")
