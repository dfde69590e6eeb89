"""Sending a project's files to a server: what differs, in one piece, and put in place once all of it is there."""

import hashlib
import io
import os
import shutil
import tarfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from . import cargo
from .cargo import LINK, Cargo, Mark, Sent, Shipment
from .errors import NotReady, StackError, WrongInput
from .project import COMPOSE_FILES
from .remote.line import Answer
from .remote.there import There

FOLDER = ".stack"
NOTE = f"{FOLDER}/sent.json"
COMING = f"{FOLDER}/coming"
MARKS = """\
cd -- "$1" || exit
while IFS= read -r name; do
  if [ -L "$name" ]; then printf 'l %s\\n%s\\n' "$(readlink -n -- "$name")" "$name"
  elif [ -f "$name" ]; then
    sum=$(sha256sum -- "$name") || exit
    sum=${sum#\\\\}
    printf 'f %s %s\\n%s\\n' "$(stat -c %a -- "$name")" "${sum%% *}" "$name"
  elif [ -e "$name" ]; then printf 'o\\n%s\\n' "$name"
  fi
done
"""
"""Argument: FOLDER. Standard input: names, a line each. Says what each is that is there, in two lines."""
RECEIVE = """\
umask 022
mkdir -p -- "$1" && rm -rf -- "$2" && mkdir -p -- "$2" && tar -xzf - -C "$2" && exit
rm -rf -- "$2"
exit 1
"""
"""Arguments: FOLDER, and one in it for what comes. Standard input: the archive, of which a part is not enough."""
SETTLE = f"""\
umask 022
cd -- "$1" || exit
if [ -d {COMING} ]; then mv -f -- {COMING}/{NOTE}.both {NOTE} || exit; fi
while IFS= read -r line; do
  name=${{line#? }}
  case $line in
    '- '*)
      rm -f -- "$name" || exit
      folder=$name
      while folder=$(dirname -- "$folder"); [ "$folder" != . ]; do rmdir -- "$folder" 2>/dev/null || break; done
      ;;
    '+ '*)
      mkdir -p -- "$(dirname -- "$name")" && mv -f -- "{COMING}/$name" "$name" || exit
      ;;
  esac
done
mv -f -- {COMING}/{NOTE} {NOTE} && rm -rf -- {COMING}
"""
"""Argument: FOLDER. Standard input: what is removed (-) and put in place (+). It has all it needs when it begins."""


def read(folder: There) -> Sent | None:
    """Return the note of what was sent to a folder; None without one. OSError; WrongInput for one that is none."""
    try:
        return cargo.parse((folder / NOTE).read_text())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise WrongInput(f"{folder / NOTE} cannot be read: {error}", hint=f"remove it: {folder / NOTE}") from error


def load(directory: Path, names: Iterable[str], version: str) -> Cargo:
    """Return these files of a project here as they are; WrongInput for one that cannot be sent."""
    chosen = [name for name in names if cargo.travels(name)]
    if bad := cargo.unfit(chosen):
        raise WrongInput(f"{bad[0]!r} ends a line in its name", hint="rename it")
    try:
        # What git has and is not here was removed, and not committed yet.
        return Cargo({name: _mark(directory / name) for name in chosen if os.path.lexists(directory / name)}, version)
    except OSError as error:
        raise WrongInput(f"{error.filename} cannot be read: {error.strerror}", hint="you should own it") from error


def _mark(path: Path) -> Mark:
    if path.is_symlink():
        return cargo.link(str(path.readlink()))
    return cargo.plain(path.stat().st_mode, hashlib.sha256(path.read_bytes()).hexdigest())


def look(folder: There, names: Iterable[str]) -> dict[str, Mark]:
    """Return what a server has of some files, by name; OSError."""
    asked = "".join(f"{name}\n" for name in sorted(set(names)))
    answer = folder.line.run(MARKS, str(folder), fed=os.fsencode(asked))
    if answer.status:
        raise NotReady(
            f"the files in {folder} on {folder.line.address} cannot be read",
            evidence=tuple(answer.said.decode(errors="replace").strip().splitlines()[-3:]),
            hint=f"{folder} should belong to the user that logs in",
        )
    return dict(_marks(os.fsdecode(answer.said).split("\n")[:-1]))


def _marks(lines: list[str]) -> Iterator[tuple[str, Mark]]:
    for said, name in zip(lines[::2], lines[1::2], strict=True):
        kind, *rest = said.split(" ")
        if kind == "l":
            yield name, cargo.link(said[2:])
        else:
            mode, sha = rest if kind == "f" else ("0", "")
            yield name, Mark(int(mode, 8), sha)


def refuse_strange(folder: There, sent: Sent | None, shipment: Shipment) -> None:
    """Raise WrongInput for a folder on a server that holds something else than what was sent there.

    A copy of the same project that somebody has made there by hand is taken over.
    """
    copied = any((folder / name).exists() for name in COMPOSE_FILES)
    strange = () if sent or copied or not folder.exists() else _besides(folder)
    if not shipment.foreign and not strange:
        return
    raise WrongInput(
        f"{folder} on {folder.line.address} holds something else than what was sent there; nothing was changed",
        evidence=(shipment.foreign or strange)[:10],
        hint="another folder: --on USER@HOST:/FOLDER; or move away there what is in the way; of a copy of this project,"
        " first the same commit",
    )


def _besides(folder: There) -> tuple[str, ...]:
    """Return what is in a folder that does not belong to the server anyway."""
    return tuple(sorted(path.name for path in folder.iterdir() if cargo.travels(path.name)))


def pack(directory: Path, new: Sent, sent: Sent | None, names: Iterable[str]) -> bytes:
    """Return files of a project as a compressed archive, with the notes on what is there: meanwhile, and then."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=6, format=tarfile.GNU_FORMAT) as archive:
        for name in names:
            _add(archive, name, new.cargo.files[name], directory / name)
        _note(archive, f"{NOTE}.both", cargo.between(new, sent))
        _note(archive, NOTE, new)
    return packed.getvalue()


def copy(directory: Path, own: Cargo, to: Path) -> None:
    """Make a folder here what a server's is, from the same archive; StackError when files change meanwhile."""
    packed = pack(directory, Sent(own), None, sorted(own.files))
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(to, filter="tar")
    shutil.rmtree(to / FOLDER)


def deliver(folder: There, packed: bytes, shipment: Shipment) -> None:
    """Put an archive's files in their places, once all of it is there, and take away what went; NotReady.

    Whenever the connection ends: what is there is what was, or what is to be, or `deliver` makes it so next time.
    """
    place = str(folder)
    _told(folder, folder.line.feed(RECEIVE, place, f"{place}/{COMING}", fed=packed), "could not be sent")
    lines = [*(f"- {name}" for name in shipment.remove), *(f"+ {name}" for name in shipment.send)]
    listed = os.fsencode("".join(f"{line}\n" for line in lines))
    _told(folder, folder.line.run(SETTLE, place, fed=listed), "are only in part what was sent")


def _told(folder: There, answer: Answer, what: str) -> None:
    if answer.status:
        raise NotReady(
            f"the files in {folder} on {folder.line.address} {what}; what runs there was not touched",
            evidence=tuple(answer.said.decode(errors="replace").strip().splitlines()[-3:]),
            hint=f"stack host {folder.line.address}   (tells of a full disk); then once more",
        )


def _add(archive: tarfile.TarFile, name: str, mark: Mark, path: Path) -> None:
    entry = tarfile.TarInfo(name)
    entry.mode, entry.mtime = mark.mode & 0o777, int(path.lstat().st_mtime)
    if mark.mode == LINK:
        entry.type, entry.linkname = tarfile.SYMTYPE, str(path.readlink())
        archive.addfile(entry)
        return
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != mark.sha:
        raise StackError(f"{path} changed while it was sent; nothing was changed there", hint="stack up, once more")
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


def _note(archive: tarfile.TarFile, name: str, sent: Sent) -> None:
    content = cargo.text(sent).encode()
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = len(content), cargo.PLAIN, int(time.time())
    archive.addfile(entry, io.BytesIO(content))
