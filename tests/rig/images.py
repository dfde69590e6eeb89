"""The images that the template names and the tests need: pulled, or stand-ins built from packages."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
import tomllib
from pathlib import Path

from . import apt, engine
from .shell import STATE, RigError, run, say, succeeds

HERE = Path(__file__).parent / "images"
TEMPLATE = Path(__file__).parents[2] / "template"

BASE = "debian:sid-slim"
"""What the stand-ins and the test image are built on."""

TOOLBOX = "fastapi-stack-toolbox:1"
"""The ACME test server, its DNS server and the load generators, from Debian's packages. Built on every machine."""

STAND_IN = "org.opencontainers.image.title=stand-in"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
IMAGE = re.compile(r"^\s*image: ([\w./-]+:(?:[\w.-]+|\$\{[^}]+\}))$", re.MULTILINE)
"""A name with a tag, or with a variable for one. What a project builds itself has a variable in its name."""
CHOSEN = {r"\$\{PYTHON_VERSION\}": "python_version", r"\$\{STACK_POSTGRES_VERSION[^}]*\}": "postgres_version"}
"""Variables in names of images, and the questions that decide them."""


def ensure() -> None:
    """Leave every image behind that the template and the tests name."""
    named = (BASE, *template_images())
    missing = [image for image in (*named, TOOLBOX) if not present(image)]
    for image in missing:
        if image == TOOLBOX:
            build(image, HERE / "toolbox")
        elif stand_ins_wanted():
            stand_in(image)
        else:
            pull(image)


def template_images() -> tuple[str, ...]:
    """Return the images that the template's Compose files and Dockerfile name, read as text."""
    found: list[str] = []
    for path in sorted(TEMPLATE.rglob("*")):
        if path.is_file() and ("compose" in path.name or "Dockerfile" in str(path.relative_to(TEMPLATE))):
            found += IMAGE.findall(path.read_text())
            found += re.findall(r"^FROM (\S+)", path.read_text(), re.MULTILINE)
    for variable, question in CHOSEN.items():
        found = [re.sub(variable, default(question), image) for image in found]
    return tuple(dict.fromkeys(found))


def default(question: str) -> str:
    """Return the default of a question, read as text: no YAML parser is at hand yet."""
    questions = (TEMPLATE.parent / "copier.yml").read_text()
    found = re.search(rf'^{question}:.*?default: "([\d.]+)"', questions, re.MULTILINE | re.DOTALL)
    if not found:
        raise RigError(f"copier.yml has no default for {question}")
    return found[1]


def stand_ins_wanted() -> bool:
    """Tell whether stand-ins may be built: on the rig's own engine, or when asked for."""
    ours = engine.installed_here() and apt.os_release().get("ID") == "debian"
    return ours or os.environ.get("RIG") == "stand-ins"


def present(image: str) -> bool:
    """Tell whether the engine has an image."""
    return succeeds("docker", "image", "inspect", image)


def pull(image: str) -> None:
    """Pull an image; RigError that names the other way when the registry does not answer."""
    say(f"pulling {image}")
    try:
        run("docker", "pull", "-q", image)
    except RigError as error:
        raise RigError(f"{error}\nWithout a registry: RIG=stand-ins builds stand-ins from packages.") from None


def stand_in(image: str) -> None:
    """Build the stand-in for one image from its folder."""
    folder = HERE / ("base" if image == BASE else image.partition(":")[0])
    if not folder.is_dir():
        raise RigError(f"there is no stand-in for {image}: add tests/rig/images/{folder.name}/")
    say(f"building a stand-in for {image}")
    if image == BASE:
        bootstrap(tomllib.loads((folder / "contract.toml").read_text())["packages"])
    build(image, folder)


def build(image: str, folder: Path) -> None:
    """Build one image, labelled so that nobody takes it for the official one."""
    say(f"building {image}")
    with tempfile.TemporaryDirectory() as name:
        context = Path(name) / "context"
        shutil.copytree(folder, context)
        # The host's authorities, through which the package indexes may answer.
        (context / "ca-certificates.crt").write_bytes(CERTIFICATES.read_bytes() if CERTIFICATES.exists() else b"")
        run("docker", "build", "--progress", "plain", "-t", image, "--label", STAND_IN, str(context))


def bootstrap(packages: list[str]) -> None:
    """Import a minimal Debian as the image that everything else here is built on."""
    if not shutil.which("debootstrap"):
        apt.install("debootstrap")
    root = STATE / "sid"
    shutil.rmtree(root, ignore_errors=True)
    include = f"--include={','.join(packages)}"
    run("debootstrap", "--variant=minbase", include, "sid", str(root), apt.mirror())
    for path in (root / "var/cache/apt/archives").glob("*.deb"):
        path.unlink()
    archive = subprocess.Popen(["tar", "-C", str(root), "-c", "."], stdout=subprocess.PIPE)
    done = subprocess.run(
        ["docker", "import", "-", "stand-in/sid-root:1"], stdin=archive.stdout, check=False, capture_output=True
    )
    if archive.wait() or done.returncode:
        raise RigError(f"docker import failed: {done.stderr.decode(errors='replace')}")
    shutil.rmtree(root)


def labelled() -> list[str]:
    """Return the names of the images that the rig built."""
    listing = run("docker", "image", "ls", "--filter", f"label={STAND_IN}", "--format", "{{json .}}")
    rows = [json.loads(line) for line in listing.splitlines()]
    return [f"{row['Repository']}:{row['Tag']}" for row in rows if row["Repository"] != "<none>"]


def remove() -> None:
    """Remove the stand-ins and the test image."""
    for image in (*labelled(), "stand-in/sid-root:1"):
        if present(image):
            say(f"removing {image}")
            run("docker", "image", "rm", image)
