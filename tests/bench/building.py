"""Row 3: how long an image takes to build, and how large it is, against the documentation's Dockerfile."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.e2e.stacks import docker, run

from .contenders import APPS, HERE, RECIPE, TEMPLATE, WORK, NotServed, image, python_version, reserved
from .figures import Table, interleaved

LEAN = "template, its own requirements"
MB = 1e6
NEW = ("itsdangerous", "aiofiles", "ujson", "orjson", "python-slugify", "cachetools", "tenacity", "humanize")
"""Dependencies to add, one a round."""


@dataclass
class Built:
    """A folder with a Dockerfile, and the image that is built of it."""

    folder: Path
    name: str
    words: tuple[str, ...] = ()
    added: int = 0
    """How many dependencies it has got so far."""

    def build(self, *words: str) -> tuple[float, str]:
        """Return the seconds that a build took, and what was done."""
        begun = time.perf_counter()
        done = run("docker", "build", "--progress", "plain", "--tag", self.name, *self.words, *words, str(self.folder))
        if done.status:
            raise NotServed(done.everything)
        return time.perf_counter() - begun, done.err

    def edit(self, name: str, line: str) -> None:
        with (self.folder / name).open("a") as file:
            file.write(line)

    def megabytes(self) -> float:
        """Return what it adds to its base."""
        base = docker("image", "inspect", image("python"), "--format", "{{.Size}}")
        return (int(docker("image", "inspect", self.name, "--format", "{{.Size}}")) - int(base)) / MB


def build(table: Table, rounds: int) -> None:
    """Measure row 3."""
    with _both() as both:

        def measured(what: str, measure: Callable[[str, Built], float]) -> None:
            found = interleaved({name: partial(measure, name, one) for name, one in both.items()}, rounds)
            table.take(3, what, found, RECIPE)

        measured("first build, seconds", lambda _, one: one.build("--no-cache")[0])
        measured("a rebuild after a changed line, seconds", partial(_changed, table))
        measured("a rebuild after a new dependency, seconds", lambda _, one: _depends(one))
        sizes = {name: [one.megabytes()] for name, one in both.items()}
        table.take(3, "image above its base, MB", sizes, RECIPE)


def _changed(table: Table, name: str, one: Built) -> float:
    source = "app/main.py"
    one.edit(source, f"\nCHANGED = {time.time_ns()}\n")
    seconds, said = one.build()
    installed = re.search(r"(?:Collecting|Downloading|Installing collected|Successfully installed)", said)
    table.require(not installed, f"{name}: a rebuild after a changed line installs something")
    return seconds


def _depends(one: Built) -> float:
    one.edit("requirements.txt", f"{NEW[one.added % len(NEW)]}\n")
    one.added += 1
    return one.build()[0]


@contextmanager
def _both() -> Iterator[dict[str, Built]]:
    with ExitStack() as undone:
        recipe = WORK / "build-recipe"
        shutil.rmtree(recipe, ignore_errors=True)
        shutil.copytree(APPS / "plain", recipe)
        shutil.copy(HERE / "recipe/Dockerfile", recipe)
        found = {RECIPE: Built(recipe, "bench-build-recipe", ("--build-arg", f"PYTHON_VERSION={python_version()}"))}
        ours, lean = reserved("build"), reserved("lean")
        ours.take(APPS / "plain")
        ours.new()
        lean.new()
        found[TEMPLATE] = Built(ours.folder, "bench-build-template")
        found[LEAN] = Built(lean.folder, "bench-build-lean")
        for one in found.values():
            undone.callback(run, "docker", "image", "rm", "--force", one.name)
            undone.callback(shutil.rmtree, one.folder, ignore_errors=True)
        yield found
