"""A path on a server: what is read and written goes over SSH, and fails as it would here."""

import errno
import os
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path, PosixPath, PurePosixPath
from typing import Any, ClassVar

from ..errors import NotReady
from .line import Answer, Line

NUMBERS = {os.strerror(number): number for number in errno.errorcode}
"""The errors of the system by their words, which the programs there end their sentences with."""
STAT = "%f %i %d %h %u %g %s %X %Y %Z"
"""Mode, inode, device, links, user, group, size, and the times of access, change of content, and any change."""
WRITE = """\
new=$(mktemp "$(dirname -- "$1")/.$(basename -- "$1").XXXXXX") || exit
trap 'rm -f -- "$new"' EXIT
cat >"$new" && chmod "$2" "$new" || exit
[ "$(wc -c <"$new")" -eq "$3" ] || { echo "$1: Broken pipe" >&2; exit 1; }
sync "$new" 2>/dev/null || sync
mv -f -- "$new" "$1"
"""
"""Arguments: FILE MODE BYTES. A connection that ends early leaves what was there."""
MADE = """\
if [ "$4" = yes ] && [ -d "$1" ]; then exit; fi
[ "$3" = yes ] && mkdir -p -- "$(dirname -- "$1")"
mkdir -m "$2" -- "$1"
"""
"""Arguments: FOLDER MODE PARENTS THERE-ALREADY."""


class There(PosixPath):
    """A path on the server of one connection; every path made of it lies there, too.

    What is not done below is refused: the system here gets no path that it could take for one of its own.
    """

    __slots__ = ()
    line: ClassVar[Line]
    named: ClassVar[tuple[str, tuple[str, ...]]] = ("", ())
    """The folder of the project that a command is about, and how it was named on the command line."""

    @property
    def address(self) -> str:
        """The server's, as it was given."""
        return self.line.address

    @property
    def typed(self) -> tuple[str, ...]:
        """How it is named on the command line of `stack`."""
        folder, words = self.named
        if str(self) == folder:
            return words
        colon = "" if self.line.address.startswith("ssh://") else ":"
        return ("--on", f"{self.line.address}{colon}{self}")

    def __fspath__(self) -> str:
        raise TypeError(f"{self} lies on {self.line.address}, and this can only be done here")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, There) and self.line is other.line and str(self) == str(other)

    def __hash__(self) -> int:
        return hash((str(self), self.line.address))

    # ------------------------------------------------------------------ looking

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        """Return what the server's system knows of it; OSError."""
        said = self._said(f'stat {"-L" if follow_symlinks else ""} -c "$2" -- "$1"', STAT).split()
        return os.stat_result((int(said[0], 16), *map(int, said[1:])))

    def lstat(self) -> os.stat_result:
        """Return what the server's system knows of it, of a link itself; OSError."""
        return self.stat(follow_symlinks=False)

    def exists(self, *, follow_symlinks: bool = True) -> bool:
        """Tell whether something is there."""
        return self._is("-e") or (not follow_symlinks and self._is("-L"))

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        """Tell whether it is a file."""
        return self._is("-f")

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        """Tell whether it is a folder."""
        return self._is("-d")

    def is_symlink(self) -> bool:
        """Tell whether it is a link."""
        return self._is("-L")

    def readlink(self) -> "There":
        """Return what a link leads to; OSError."""
        return type(self)(self._said('readlink -n -- "$1"').decode())

    def resolve(self, strict: bool = False) -> "There":
        """Return it in full, with all links followed as far as they lead."""
        return type(self)(self._said('readlink -f -- "$1" || printf %s "$1"').decode().removesuffix("\n"))

    def iterdir(self) -> Iterator["There"]:  # type: ignore[override] # a generator in later versions
        """Yield what is in a folder; OSError."""
        found = self._said('find "$1/" -mindepth 1 -maxdepth 1 -print0').split(b"\0")[:-1]
        yield from (self / os.fsdecode(path).rpartition("/")[2] for path in found)

    def changed(self) -> datetime | None:
        """Return when a file, or the newest in a folder, changed last; None without any; OSError."""
        moments = self._said('find -L "$1" -type f -exec stat -L -c %Z {} +').split()
        return datetime.fromtimestamp(max(map(int, moments)), UTC) if moments else None

    def names(self) -> list[str]:
        """Return the paths in a folder of all files and links in it and below, as far as one may look; OSError."""
        # What may not be looked into is not for us to need.
        found = self._said('cd -- "$1" && { find . \\( -type f -o -type l \\) -print0 2>/dev/null || :; }')
        return [os.fsdecode(path).removeprefix("./") for path in found.split(b"\0")[:-1]]

    def sums(self, names: Iterable[str]) -> dict[str, tuple[int, str]]:
        """Return mode and SHA-256 of those of some paths in a folder that are files, or links to some; OSError."""
        files = self._told("sh -c 'for one; do [ -f \"$one\" ] && echo 1 || echo 0; done' sh", names)
        chosen = [name for name, said in files if said == b"1"]
        modes = dict(self._told("stat -L -c %a --", chosen))
        # A name with a backslash has one more in front of its digits.
        digests = {name: said.lstrip(b"\\")[:64].decode() for name, said in self._told("sha256sum --", chosen)}
        return {name: (int(modes[name], 8), digests[name]) for name in chosen}

    def _told(self, command: str, names: Iterable[str]) -> list[tuple[str, bytes]]:
        """Return what a command says of each of some paths in a folder, a line each; OSError."""
        asked = list(names)
        if not asked:
            return []
        said = self._said(f'cd -- "$1" && xargs -0 {command}', fed=b"".join(os.fsencode(one) + b"\0" for one in asked))
        return list(zip(asked, said.split(b"\n")[:-1], strict=True))

    # ------------------------------------------------------------------ reading and writing

    def read_bytes(self) -> bytes:
        """Return what is in a file; OSError."""
        return self._said('cat -- "$1"')

    def read_text(self, encoding: str | None = None, errors: str | None = None, newline: str | None = None) -> str:
        """Return the text of a file; OSError, UnicodeError."""
        return self.read_bytes().decode(encoding or "utf-8", errors or "strict")

    def put(self, content: bytes, mode: int) -> None:
        """Write a file in one move: whatever happens to the connection, it is the old one or the new one; OSError."""
        self._said(WRITE, f"{mode:o}", f"{len(content)}", fed=content)

    def write_text(
        self, data: str, encoding: str | None = None, errors: str | None = None, newline: str | None = None
    ) -> int:
        """Write a text, in one move; OSError."""
        self.put(data.encode(encoding or "utf-8", errors or "strict"), 0o644)
        return len(data)

    def touch(self, mode: int = 0o666, exist_ok: bool = True) -> None:
        """Make it look changed now; OSError."""
        self._said('touch -- "$1"')

    def mkdir(self, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
        """Make a folder; OSError."""
        self._said(MADE, f"{mode & ~0o022:o}", _word(parents), _word(exist_ok))

    def chmod(self, mode: int, *, follow_symlinks: bool = True) -> None:
        """Set the permission bits; OSError."""
        self._said('chmod "$2" -- "$1"', f"{mode:o}")

    def unlink(self, missing_ok: bool = False) -> None:
        """Remove a file; OSError."""
        self._said('rm -f -- "$1"' if missing_ok else 'rm -- "$1" </dev/null')

    def replace(self, target: Any) -> "There":  # noqa: ANN401 - as pathlib has it
        """Put it in the place of another one there; OSError."""
        self._said('mv -f -- "$1" "$2" && { sync -- "$2" 2>/dev/null || sync; }', str(target))
        return type(self)(str(target))

    # ------------------------------------------------------------------ how

    def _is(self, test: str) -> bool:
        return self.line.run(f'[ {test} "$1" ]', str(self)).status == 0

    def _said(self, script: str, *words: str, fed: bytes = b"") -> bytes:
        answer = self.line.run(script, str(self), *words, fed=fed)
        if answer.status:
            raise self._error(answer)
        return answer.said

    def _error(self, answer: Answer) -> OSError:
        words = answer.said.decode(errors="replace").strip().rpartition(": ")[2]
        return OSError(NUMBERS.get(words, errno.EIO), words or f"status {answer.status}", str(self))


def _refused(name: str) -> Callable[..., Any]:
    def refuse(self: There, *_: object, **__: object) -> None:
        raise TypeError(f"{name} of {self} can only be done on this machine, and it lies on {self.line.address}")

    return refuse


# Some of what pathlib does would get by without `__fspath__`, and look at this machine's disk.
for _name in set(dir(Path)) - set(dir(PurePosixPath)) - set(vars(There)):
    if not _name.startswith("_"):
        setattr(There, _name, _refused(_name))


def place(line: Line, text: str, typed: tuple[str, ...] = ()) -> There:
    """Return a path on a server; from the home of its user when it begins with ~/ or with no slash."""
    of: type[There] = type("There", (There,), {"line": line, "__slots__": ()})
    found = of(text if text.startswith("/") else f"{_home(line)}/{text.removeprefix('~').lstrip('/')}")
    of.named = (str(found), typed)
    return found


def _home(line: Line) -> str:
    answer = line.run("cd && pwd -P")
    home = os.fsdecode(answer.said).removesuffix("\n")
    if answer.status:
        raise NotReady(
            f"the user that logs in at {line.address} has no home there",
            evidence=(home,),
            hint="a folder in full: --on USER@HOST:/srv/shop",
        )
    return home


def _word(said: bool) -> str:
    return "yes" if said else "no"
