"""A path on a server: what is read and written goes over SSH, and fails as it would here."""

import errno
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import PosixPath
from typing import Any, ClassVar

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
    typed: ClassVar[tuple[str, ...]] = ()
    """How the project on it is named on the command line of `stack`."""

    @property
    def address(self) -> str:
        """The server's, as it was given."""
        return self.line.address

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
        return self._is("-e" if follow_symlinks else "-L")

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

    def sums(self) -> dict[str, tuple[int, str]]:
        """Return mode and SHA-256 of each file in a folder and below, by its path in there; OSError."""
        modes = self._said('cd -- "$1" && find -L . -type f -exec stat -L -c "%a %n" {} +').splitlines()
        digests = self._said('cd -- "$1" && find -L . -type f -exec sha256sum -- {} +').splitlines()
        known = {os.fsdecode(line[66:]): line[:64].decode() for line in digests}
        pairs = (os.fsdecode(line).split(" ", 1) for line in modes)
        return {name.removeprefix("./"): (int(mode, 8), known[name]) for mode, name in pairs if name in known}

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


def place(line: Line, text: str, typed: tuple[str, ...] = ()) -> There:
    """Return a path on a server; from the home of its user when it begins with ~/ or with no slash."""
    of: type[There] = type("There", (There,), {"line": line, "typed": typed, "__slots__": ()})
    if text.startswith("/"):
        return of(text)
    home = os.fsdecode(line.run("cd && pwd -P").said).removesuffix("\n")
    return of(home) / text.removeprefix("~").lstrip("/")


def _word(said: bool) -> str:
    return "yes" if said else "no"
