"""Rendered files to their place in a folder, all of them or none."""

import filecmp
import os
import stat
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

from .answers import NOTE
from .project import SECRETS

NOTHING: Mapping[str, str] = MappingProxyType({})


def files(folder: Path) -> tuple[Path, ...]:
    """Return the files in a folder, relative to it, in order."""
    return tuple(sorted(path.relative_to(folder) for path in folder.rglob("*") if not path.is_dir()))


def vacant(folder: Path) -> bool:
    """Tell whether a folder is known to hold nothing, or not to be there."""
    try:
        return not any(folder.iterdir())
    except FileNotFoundError:
        return True
    except OSError:
        return False


def writable(folder: Path) -> bool:
    """Tell whether something could be written in a folder; of one that is not there yet, in the closest that is."""
    there = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    return os.access(there, os.W_OK)


def conflicts(folder: Path, destination: Path) -> tuple[Path, ...]:
    """Return the files that the destination already has with another content."""
    return tuple(
        path
        for path in files(folder)
        if (destination / path).exists()
        # Copier's note differs by the template's commit; who made it by hand?
        and path.name != NOTE
        and not filecmp.cmp(folder / path, destination / path, shallow=False)
    )


def belongs_to_the_place(path: Path) -> bool:
    """Tell whether a file is born with the project or on the server, and is never overwritten afterwards."""
    return path.parts[0] in {".env", str(SECRETS)}


def place(
    folder: Path, destination: Path, *, aside: Mapping[str, str] = NOTHING, blended: Collection[Path] = ()
) -> None:
    """Move the rendered files to their place: all of them or, when that fails, everything is as it was before.

    Files are readable by every user, whatever the umask: in containers they are read by others than their owner.
    Those that are to be set aside are renamed first; a blended one takes the mode of the one it was made of. What is in
    secrets/ is kept from others by the folder (FACTS C12).
    """
    created: list[Path] = []
    replaced: dict[Path, Path] = {}
    try:
        for name, other in aside.items():
            replaced[destination / name] = destination / other
            (destination / name).replace(destination / other)
        for path in files(folder):
            target = destination / path
            if target.exists() and belongs_to_the_place(path) and path not in blended:
                continue
            _make_room(target, created, closed=destination / SECRETS)
            (folder / path).chmod(_mode_of(target) if path in blended else _mode(folder, path))
            if target.exists():
                replaced[target] = folder / f"{path}.before"
                target.replace(replaced[target])
            else:
                created.append(target)
            (folder / path).replace(target)
        _close(destination)
    except BaseException:
        _take_back(created, replaced)
        raise


def _make_room(target: Path, made: list[Path], *, closed: Path) -> None:
    """Make the folders for a file, all but one open to every user, and note those that were not there."""
    for one in [one for one in target.parents if not one.exists()][::-1]:
        one.mkdir()
        made.append(one)
        one.chmod(0o700 if one == closed else 0o755)


def free_name(folder: Path, name: str) -> str:
    """Return a name that no file in a folder has: this one, or this one with a number."""
    names = (name, *(f"{name}.{number}" for number in range(2, 100)))
    return next(one for one in names if not (folder / one).exists())


def settle(destination: Path, arrived: Iterable[Path]) -> None:
    """Give files of secrets/ that came by git, and their folder, the modes that git does not carry."""
    for path in arrived:
        if path.parts[0] == str(SECRETS):
            (destination / path).chmod(_mode(destination, path))
    _close(destination)


def _close(destination: Path) -> None:
    """Keep secrets/ from every other user. Copier asks for no mode (FACTS C12)."""
    if (folder := destination / SECRETS).is_dir():
        folder.chmod(0o700)


def _mode(folder: Path, path: Path) -> int:
    if path.parts[0] == str(SECRETS):
        # Nobody edits a password; app.env is the person's to edit.
        return 0o444 if path.name.endswith("_password") else 0o644
    return 0o755 if os.access(folder / path, os.X_OK) else 0o644


def _mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _take_back(created: list[Path], replaced: Mapping[Path, Path]) -> None:
    """Put everything back as far as it goes: the originals first, and whatever fails keeps nothing else from it."""
    for target, before in replaced.items():
        with suppress(OSError):
            before.replace(target)
    for path in reversed(created):
        if path not in replaced:
            with suppress(OSError):
                path.rmdir() if path.is_dir() else path.unlink()
