"""The project's git repository: a clone to work in, what changed there, and taking that over.

Nobody's files are touched before everything is known, and what git does not know is never overwritten.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from .errors import NotReady, StackError, WrongInput

ELSEWHERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")
"""With one of these git works on another repository than the one it is called in."""
IDENTITY = (
    *("-c", "user.name=stack", "-c", "user.email=stack@localhost"),
    *("-c", "commit.gpgSign=false", "-c", "tag.gpgSign=false"),
)
NOT_OURS = (":(exclude).env", ":(exclude)secrets")
"""What belongs to the place, and to git only where somebody wants that; an update does not touch it."""
DIGITS = 7
"""As many of a commit's name as git shows of it."""
READABLE = 0o022
"""The umask for files of a project: containers read them as another user than their owner."""
PLAIN = (
    "--no-renames",
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--src-prefix=a/",
    "--dst-prefix=b/",
)
"""A diff as a program reads it, whatever the person's settings are."""


@dataclass(frozen=True)
class Repository:
    """A project in a git repository with nothing uncommitted."""

    directory: Path
    """The project's folder."""
    top: Path
    """The repository's own, which may be above."""
    head: str
    """The commit that is checked out."""

    @property
    def inside(self) -> Path:
        """The project's folder, relative to the repository's own."""
        return self.directory.relative_to(self.top)


@dataclass(frozen=True)
class Change:
    """One file that is new (`A`), changed (`M`, `T`) or removed (`D`)."""

    kind: str
    path: Path
    """Relative to the project's folder."""
    conflict: bool = False
    """Two changes of the same lines met: both are in the file, between markers."""


def find(directory: Path) -> Repository:
    """Return the repository that holds a folder; WrongInput when there is none, or something is not committed yet."""
    if not directory.is_dir():
        raise WrongInput(f"{directory} is not a folder", hint=f"stack new {directory}")
    _refuse_without_git()
    if astray := [name for name in ELSEWHERE if os.environ.get(name)]:
        raise WrongInput(f"{astray[0]} is set, which sends git to another repository", hint=f"unset {astray[0]}")
    top, prefix, head = _located(directory)
    if waiting := _git(directory, "status", "--porcelain", "--untracked-files=all", "--", ".", *NOT_OURS):
        raise WrongInput(
            f"{directory} holds what is not committed yet, so your edits could not be told from the update's",
            evidence=tuple(waiting.splitlines()[:10]),
            hint=f"git -C {directory} add --all && git -C {directory} commit, then again",
        )
    return Repository(Path(top, prefix), Path(top), head)


def tracked(directory: Path, folder: Path) -> tuple[str, ...] | None:
    """Return the files below a folder of a project that git has; None when git does not say.

    None are had where there is no repository, or no git at all.
    """
    try:
        return tuple(_git(directory, "ls-files", "-z", "--", str(folder)).split("\0")[:-1])
    except FileNotFoundError:
        return ()
    except StackError as error:
        return () if any("not a git repository" in line for line in error.evidence) else None


def files(directory: Path) -> tuple[str, ...] | None:
    """Return what git has of a project, by its path in there; None outside of a repository. StackError, NotReady."""
    _refuse_without_git()
    if not _inside(directory):
        return None
    return tuple(_git(directory, "ls-files", "-z", "--cached", "--recurse-submodules").split("\0")[:-1])


def untracked(directory: Path) -> tuple[str, ...]:
    """Return what git does not have of a project, and would not leave out; outside of a repository, all of that."""
    _refuse_without_git()
    words = ("ls-files", "-z", "--others", "--exclude-standard")
    if _inside(directory):
        return tuple(_git(directory, *words).split("\0")[:-1])
    with tempfile.TemporaryDirectory(prefix="stack-files-") as empty:
        _git(directory, "init", "--quiet", "--bare", empty)
        return tuple(_git(directory, "--git-dir", empty, "--work-tree", ".", *words).split("\0")[:-1])


def _inside(directory: Path) -> bool:
    try:
        return _git(directory, "rev-parse", "--is-inside-work-tree").strip() == "true"
    except StackError as error:
        if any("not a git repository" in line for line in error.evidence):
            return False
        raise


def _refuse_without_git() -> None:
    if not shutil.which("git"):
        raise NotReady("there is no `git` command on this machine", hint="install git, then try again")


def version(directory: Path, of: Path) -> str:
    """Return the commit that a folder of a project is at, marked when something there is not committed.

    Seven digits or more, and `-dirty`; empty outside of git, without git, and when git does not say.
    """
    try:
        said = _git(directory, "status", "--porcelain=v2", "--branch", "--", str(of))
    except (StackError, OSError):
        return ""
    commit = next((line.split()[-1] for line in said.splitlines() if line.startswith("# branch.oid")), "(initial)")
    changed = any(not line.startswith("#") for line in said.splitlines())
    return "" if commit == "(initial)" else commit[:DIGITS] + "-dirty" * changed


def identity(directory: Path) -> tuple[str, str]:
    """Return the name and the e-mail address that git signs a commit with there; empty what it does not know."""
    home = next(one for one in (directory, *directory.absolute().parents) if one.is_dir())
    return _setting(home, "user.name"), _setting(home, "user.email")


def _setting(folder: Path, name: str) -> str:
    if not shutil.which("git"):
        return ""
    done = subprocess.run(["git", "config", "--get", name], cwd=folder, capture_output=True, check=False)
    return done.stdout.decode(errors="replace").strip()


def _located(directory: Path) -> tuple[str, str, str]:
    try:
        top, prefix, head = _git(directory, "rev-parse", "--show-toplevel", "--show-prefix", "HEAD").splitlines()
    except (StackError, ValueError) as error:
        raise WrongInput(
            f"{directory} is in no git repository with a commit, and only git can tell your edits from the template's",
            evidence=error.evidence if isinstance(error, StackError) else (),
            hint=f"git init {directory} && git -C {directory} add --all && git -C {directory} commit, then again",
        ) from error
    return top, prefix, head


@contextmanager
def cloned(repository: Repository) -> Iterator[Path]:
    """Clone what is committed into a temporary folder, yield the project's folder there, and take all that away."""
    with tempfile.TemporaryDirectory(prefix="stack-update-", ignore_cleanup_errors=True) as workshop:
        # Of the same name: a folder's name is the default of an answer.
        top = Path(workshop, repository.top.name)
        _git(repository.top, "clone", "--quiet", "--shared", "--no-checkout", "--", str(repository.top), str(top))
        _git(top, "checkout", "--quiet", "--detach", repository.head)
        yield top / repository.inside


@contextmanager
def tagged(folder: Path, names: Iterable[str], tag: str) -> Iterator[Path]:
    """Yield a temporary repository that holds some files and folders of a folder at a tag, and take it away."""
    with tempfile.TemporaryDirectory(prefix="stack-template-", ignore_cleanup_errors=True) as workshop:
        top = Path(workshop)
        for name in names:
            (shutil.copytree if (folder / name).is_dir() else shutil.copy)(folder / name, top / name)
        _git(top, "init", "--quiet", "--template=")
        _git(top, "add", "--all", "--force")
        commit(top)
        _git(top, *IDENTITY, "tag", tag)
        yield top


def commit(clone: Path) -> None:
    """Commit everything in a clone; no hook and no signature of the person's is involved."""
    _git(clone, *IDENTITY, "commit", "--quiet", "--all", "--allow-empty", "--no-verify", "--message", "stack update")


def changes(clone: Path, repository: Repository) -> tuple[Change, ...]:
    """Return what differs in a clone from the commit of the project, files that git ignores included."""
    unmerged = set(_parts(_git(clone, "diff", "--relative", "--name-only", "--diff-filter=U", "-z")))
    _git(clone, "add", "--all", "--force")
    words = _parts(_git(clone, "diff", "--cached", "--name-status", "--relative", *PLAIN, "-z", repository.head))
    return tuple(
        Change(kind, Path(path), conflict=path in unmerged) for kind, path in zip(words[::2], words[1::2], strict=True)
    )


def take_over(clone: Path, found: Sequence[Change], repository: Repository) -> None:
    """Change the files of the project as they were changed in its clone: all of them, or none.

    They stay uncommitted. StackError when git refuses; whatever ends it early, everything is as it was before.
    """
    if not found:
        return
    paths = [str(one.path) for one in found]
    words = (
        "--literal-pathspecs",
        "diff",
        "--cached",
        "--binary",
        "--full-index",
        "--no-relative",
        *PLAIN,
        repository.head,
        "--",
    )
    patch = _run(clone, *words, *paths)
    try:
        _run(repository.top, "apply", "--whitespace=nowarn", "-", stdin=patch)
    except BaseException:
        _take_back(found, repository.directory)
        raise


def _take_back(found: Sequence[Change], directory: Path) -> None:
    for one in found:
        if one.kind == "A":
            (directory / one.path).unlink(missing_ok=True)
            _remove_empty(one.path.parents, directory)
    if before := [str(one.path) for one in found if one.kind != "A"]:
        _run(directory, "checkout-index", "--force", "--", *before)


def _remove_empty(folders: Iterable[Path], top: Path) -> None:
    with suppress(OSError):  # the first that holds something, or is not there
        for folder in folders:
            (top / folder).rmdir()


def _parts(text: str) -> list[str]:
    return text.split("\0")[:-1]


def _git(folder: Path, *words: str) -> str:
    # Names of files are bytes, and come back the way `Path` makes them.
    return os.fsdecode(_run(folder, *words))


def _run(folder: Path, *words: str, stdin: bytes = b"") -> bytes:
    """Run git in a folder and return what it prints; StackError with its own words when it fails."""
    done = subprocess.run(["git", *words], cwd=folder, input=stdin, capture_output=True, check=False, umask=READABLE)
    if done.returncode:
        said = done.stderr.decode(errors="replace").splitlines()
        raise StackError(f"git {words[0]} failed in {folder}", evidence=tuple(said[-10:]), hint="nothing was changed")
    return done.stdout
