"""Naming an image by what it is built from."""

import hashlib
import json
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath

from docker.utils.build import PatternMatcher, exclude_paths

from ..errors import WrongInput
from ..facts import Edition
from ..project import Build, Service
from ..remote.there import There

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
        for path, mode, sha in _files(build):
            digest.update(f"{path}\0{mode}\0".encode())
            digest.update(bytes.fromhex(sha))
    except OSError as error:
        raise WrongInput(
            f"the image cannot be built: {error}", hint="`build:` in compose.app.yaml names the files"
        ) from error
    return digest.hexdigest()[:12]


def wanted(directory: Path, names: Sequence[str]) -> tuple[str, ...]:
    """Return those of a project's files that the .dockerignore leaves, or that a Compose file may need.

    What it leaves out of the image can be mounted: so counts what is in a folder that a Compose file names.
    """
    build = Build(directory, "Dockerfile")
    left = set(_left(build, names))
    texts = [(directory / name).read_text(encoding="utf-8", errors="replace") for name in names if _is_compose(name)]
    words = {word for text in texts for word in re.split(r"[^\w.-]+", text)}
    return tuple(name for name in names if name in left or _is_stack(name) or PurePosixPath(name).parts[0] in words)


def _is_compose(name: str) -> bool:
    return "/" not in name and name.endswith((".yaml", ".yml"))


def _is_stack(name: str) -> bool:
    return "/" not in name and (_is_compose(name) or name.startswith("Dockerfile") or name.endswith(".dockerignore"))


def migrations(build: Build) -> tuple[str, ...]:
    """Return the names of the migrations that go into an image: what Alembic keeps in `versions`, beside its env.py."""
    with suppress(OSError):
        paths = [PurePosixPath(path) for path in _listed(build)]
        homes = {path.parent / "versions" for path in paths if path.name == "env.py"}
        return tuple(path.stem for path in paths if path.parent in homes and path.suffix == ".py")
    return ()


def _files(build: Build) -> Iterator[tuple[str, int, str]]:
    """Yield path, permission bits and SHA-256 of each file that goes into an image, in order; OSError."""
    if isinstance(build.context, There):
        names = _listed(build)
        known = build.context.sums(names)
        yield from ((path, *known[path]) for path in names if path in known)
        return
    for path in _listed(build):
        whole = build.context / path
        if whole.is_file():
            sha = hashlib.sha256(whole.read_bytes()).hexdigest()
            yield path, stat.S_IMODE(whole.stat().st_mode), sha


def _listed(build: Build) -> list[str]:
    if isinstance(build.context, There):
        return _left(build, build.context.names())
    return sorted(exclude_paths(str(build.context), _ignored(build), dockerfile=build.dockerfile))


def _left(build: Build, paths: Iterable[str]) -> list[str]:
    """Return those of some paths that no pattern leaves out, in order."""
    patterns = PatternMatcher([*_ignored(build), f"!{build.dockerfile}"])
    return sorted(path for path in paths if not patterns.matches(path))  # type: ignore[arg-type] # a text, whatever its stub says


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
