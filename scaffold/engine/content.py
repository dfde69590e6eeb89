"""Naming an image by what it is built from."""

import hashlib
import json
import stat
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path, PurePosixPath

from docker.utils.build import exclude_paths

from ..errors import WrongInput
from ..facts import Edition
from ..project import Build, Service

OURS = (".stack", "**/.stack")
"""What `up` writes down must not be a reason for the next one, whatever the .dockerignore says."""


def image_name(service: Service, editions: Iterable[Edition], version: Callable[[], str]) -> str:
    """Return the name that a service's image has when it is built from the files as they are; empty without a build.

    The name of the image that was built from the same, if it is still there; else one that tells the version, too.
    """
    if service.build is None:
        return ""
    digest = content_hash(service.build)
    built = next((one.name for one in editions if one.tag.endswith(digest)), "")
    return built or f"{repository(service)}:{'-'.join(word for word in (version(), digest) if word)}"


def repository(service: Service) -> str:
    """Return the name of a service's image without its tag."""
    head, slash, last = service.image.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"


def content_hash(build: Build) -> str:
    """Return 12 hex digits over everything that an image is built from: the same files, the same name."""
    digest = hashlib.sha256(json.dumps(dict(build.args), sort_keys=True).encode())
    try:
        digest.update((build.context / build.dockerfile).read_bytes())
        for path in _listed(build):
            _add(digest, build.context, path)
    except OSError as error:
        raise WrongInput(
            f"the image cannot be built: {error}", hint="`build:` in compose.app.yaml names the files"
        ) from error
    return digest.hexdigest()[:12]


def migrations(build: Build) -> tuple[str, ...]:
    """Return the names of the migrations that go into an image: what Alembic keeps in `versions`, beside its env.py."""
    with suppress(OSError):
        paths = [PurePosixPath(path) for path in _listed(build)]
        homes = {path.parent / "versions" for path in paths if path.name == "env.py"}
        return tuple(path.stem for path in paths if path.parent in homes and path.suffix == ".py")
    return ()


def _listed(build: Build) -> list[str]:
    return sorted(exclude_paths(str(build.context), _ignored(build), dockerfile=build.dockerfile))


def _add(digest: "hashlib._Hash", context: Path, path: str) -> None:
    whole = context / path
    if whole.is_file():
        digest.update(f"{path}\0{stat.S_IMODE(whole.stat().st_mode)}\0".encode())
        digest.update(hashlib.sha256(whole.read_bytes()).digest())


def _ignored(build: Build) -> list[str]:
    """Return the patterns of what is left out: those of the .dockerignore, and what we write down ourselves."""
    return [*_patterns(build), *OURS]


def _patterns(build: Build) -> list[str]:
    """Return the patterns of the .dockerignore that BuildKit reads: the Dockerfile's own, else the context's."""
    for name in (f"{build.dockerfile}.dockerignore", ".dockerignore"):
        path = build.context / name
        if path.exists():
            lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
            return [line for line in lines if line and not line.startswith("#")]
    return []
