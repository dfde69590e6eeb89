"""Answers to files, by Copier. The only module that imports it."""

import errno
import re
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import copier
from copier import _template as resolving  # nothing public tells what a template is before it is rendered
from copier._main import Worker
from copier._types import Phase
from copier.errors import (
    CopierAnswersInterrupt,
    CopierError,
    DirtyLocalWarning,
    InteractiveSessionError,
    InvalidConfigFileError,
    UnsafeTemplateError,
)
from jinja2 import TemplateError
from plumbum import ProcessExecutionError

from .. import SOURCE, __version__, answers
from ..errors import Interrupted, NotReady, StackError, WrongInput

if TYPE_CHECKING:
    import jinja2
    from copier._jinja_ext import SandboxedEnvironment

PARTS = ("copier.yml", "template")
"""What a template consists of, in its folder."""
ADDRESSES = "--template takes a folder, a git address (that ends in .git or begins with git+), or gh:owner/repo"
REQUIRED = re.compile(r'Question "(\w+)" is required')
"""Copier, of a question without a default that nobody was asked."""
UNKNOWN = "Unknown revision: "
"""How Copier begins to say that a folder's repository has no such tag, branch or commit."""
FULL = {errno.ENOSPC, errno.EDQUOT}
LAST_WORDS = 10
"""Lines of git that are evidence."""


@dataclass(frozen=True)
class Template:
    """A template, and which version of it."""

    address: str
    """A folder's absolute path, or an address of git's or Copier's, such as gh:owner/repo."""
    ref: str | None
    """Tag, branch or commit; None for the newest tag."""
    asked: Mapping[str, str]
    """The type of each of its questions, by name."""
    versioned: bool
    """Whether it is a git repository; a project cannot be updated from anything else."""
    recorded: answers.Origin | None = None
    """What a project is told about where it comes from, if not the above."""
    document: Mapping[str, Any] | None = None
    """What its copier.yml says, where that is known; Copier's own reader takes twelve times as long."""


def carried() -> Template:
    """Return the template that came with this program. Projects record where it is published, and its version."""
    document = answers.parsed((answers.template() / "copier.yml").read_text(encoding="utf-8"))
    return Template(
        str(answers.template()),
        # And what is not committed yet, in a checkout: Copier's own choice there is the newest tag.
        "HEAD",
        answers.kinds(document),
        versioned=True,
        recorded=answers.Origin(SOURCE, f"v{__version__}"),
        document=document,
    )


def found(address: str, ref: str | None = None) -> Template:
    """Return another template; a path is taken from here, and made absolute (FACTS C3).

    NotReady when the address does not answer, WrongInput when what is there is no template or has no such version.
    """
    if not address.strip():
        raise WrongInput("the template's address is empty", hint=ADDRESSES)
    folder = Path(address).expanduser().absolute()
    if not folder.exists() and not shutil.which("git"):
        raise NotReady("there is no `git` command on this machine", hint="install git, then try again")
    origin = resolving.Template(str(folder) if folder.exists() else address, ref)
    if origin.vcs is None and not folder.is_dir():
        raise WrongInput(f"{address} is neither a folder nor an address of a git repository", hint=ADDRESSES)
    if origin.vcs is None and ref:
        raise WrongInput(f"{address} is no git repository, so there is no {ref} in it", hint=ADDRESSES)
    try:
        with explained(address):
            return Template(origin.url, ref, _asked(origin), versioned=origin.vcs is not None)
    finally:
        origin._cleanup()  # noqa: SLF001 - Copier's own commands call it, too


def _asked(origin: resolving.Template) -> dict[str, str]:
    if not any(origin.local_abspath.glob("copier.y*ml")):
        raise WrongInput(f"{origin.url} has no copier.yml, so it is no template", hint=ADDRESSES)
    try:
        return answers.kinds(origin.questions_data)
    except (AttributeError, TypeError) as error:
        raise WrongInput(f"the copier.yml of {origin.url} is no list of questions", hint=ADDRESSES) from error


@contextmanager
def rendered(
    destination: Path, data: Mapping[str, Any], *, ask: bool, of: Template | None = None, home: Path | None = None
) -> Iterator[Path]:
    """Render the project into a temporary folder, beside its place or in `home`, and take it away afterwards.

    Nothing is written to the destination. WrongInput when an answer is refused, Interrupted at Ctrl-C.
    """
    home = home or (destination if destination.is_dir() else _nearest(destination.parent))
    try:
        workshop = Path(tempfile.mkdtemp(prefix=".stack-new-", dir=home))
    except OSError as error:
        raise _unwritable(home, error) from error
    try:
        # The folder's name is the default of project_name, so it has to be the real one.
        yield _made(workshop / destination.resolve().name, data, of or carried(), ask=ask, home=home)
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


def _made(folder: Path, data: Mapping[str, Any], of: Template, *, ask: bool, home: Path) -> Path:
    try:
        return _render(folder, data, of, ask=ask)
    except OSError as error:
        if error.errno in FULL:
            raise _unwritable(home, error) from error
        raise


def _unwritable(home: Path, error: OSError) -> NotReady:
    return NotReady(f"nothing can be written in {home}: {error.strerror}", hint="choose another folder")


def update(project: Path, data: Mapping[str, Any], of: Template, *, ask: bool) -> None:
    """Carry a project from the version that made it to another, the person's edits kept; only new questions are asked.

    The folder is a clean git repository that records the template's address. Where two changes met in the same lines,
    both are left there between markers, and git knows the file as unmerged. WrongInput when Copier refuses.
    """
    with explained(of.address):
        copier.run_update(
            project, dict(data), defaults=not ask, skip_answered=True, overwrite=True, quiet=True, vcs_ref=of.ref
        )


def _render(destination: Path, data: Mapping[str, Any], of: Template, *, ask: bool) -> Path:
    with (
        explained(of.address),
        Rendering.begun(of, destination, data=dict(data), defaults=not ask) as worker,
    ):
        worker.run_copy()
    if of.recorded:
        note = destination / answers.NOTE
        note.write_text(answers.recorded(note.read_text(encoding="utf-8"), of.recorded), encoding="utf-8")
    return destination


@dataclass(frozen=True)
class _Plain:
    """A template with nothing to fill in."""

    text: str

    def render(self, *_: object, **__: object) -> str:
        """Return the text."""
        return self.text


class Rendering(Worker):
    """Copier at work in a folder that is ours for a moment: the same files, sooner."""

    @classmethod
    def begun(cls, of: Template, folder: Path, **options: Any) -> Self:  # noqa: ANN401 - as Copier's own
        """Return one for a template, of which nothing is read twice."""
        worker = cls(of.address, folder, vcs_ref=of.ref, quiet=True, **options)
        if of.document is not None:
            vars(worker.template)["_raw_config"] = dict(of.document)
        return worker

    @cached_property
    def jinja_env(self) -> "SandboxedEnvironment":
        """Return Copier's own, that compiles a text once: of five that it is given, four have been there before."""
        environment = super().jinja_env
        once = cache(environment.from_string)
        delimiters = [
            environment.variable_start_string,
            environment.block_start_string,
            environment.comment_start_string,
        ]
        delimiters += filter(None, (environment.line_statement_prefix, environment.line_comment_prefix))

        def from_string(source: Any) -> "jinja2.Template | _Plain":  # noqa: ANN401 - Copier tries whatever there is
            if not isinstance(source, str):
                raise TypeError("no text")
            environment.preprocess(source)  # by that, Copier's own tag for loops forgets the text before
            return once(source) if any(one in source for one in delimiters) else _Plain(source)

        vars(environment)["from_string"] = from_string
        return environment

    def _answers_to_remember(self) -> Mapping[str, Any]:
        """Return the answers as they are noted, of which each text is told; once all is answered, they stay."""
        return self._settled if Phase.current() is Phase.RENDER else super()._answers_to_remember()

    @cached_property
    def _settled(self) -> Mapping[str, Any]:
        return super()._answers_to_remember()

    def refuse_code(self) -> None:
        """Raise UnsafeTemplateError for a template that would run code of its own, before any of it is run."""
        self._check_unsafe("copy")

    def _sync_git_index_executable_bit(self, *_: object) -> None:
        """Leave git alone, which knows nothing of this folder: Copier asks it once for every file."""


@contextmanager
def explained(address: str) -> Iterator[None]:
    """Turn what Copier, Jinja and git complain of into a sentence of ours."""
    try:
        # A template that somebody is working on is rendered as it is.
        with warnings.catch_warnings(category=DirtyLocalWarning, action="ignore"):
            yield
    except CopierAnswersInterrupt as error:
        raise Interrupted("interrupted: nothing was written") from error
    except (CopierError, TemplateError, ProcessExecutionError, ValueError, TypeError) as error:
        raise _meaning(error, address) from error


def _meaning(error: BaseException, address: str) -> StackError:
    match error:
        case InteractiveSessionError():
            return WrongInput("there is no terminal to ask questions at", hint="--defaults, with --data NAME=VALUE")
        case UnsafeTemplateError():
            return WrongInput(
                f"{address} would run code of its own on this machine, and `stack` lets no template do that",
                evidence=tuple(str(error).splitlines()[:1]),
                hint="if you trust it: Copier itself, with --trust",
            )
        case ProcessExecutionError():
            return _of_git(error, address)
        case InvalidConfigFileError() | TemplateError():
            return WrongInput(f"{address} cannot be rendered: {sentence(error.__cause__ or error)}", hint=ADDRESSES)
        case ValueError() if str(error).startswith(UNKNOWN):
            return _no_version(address, str(error).removeprefix(UNKNOWN))
        case _:
            return WrongInput(sentence(error), hint="nothing was written; --help shows how answers are given")


def _of_git(error: ProcessExecutionError, address: str) -> StackError:
    """Return what it means that git failed under Copier's hands: a version that is not there, or no answer."""
    evidence = tuple(str(error.stderr).splitlines()[-LAST_WORDS:])
    if "worktree" in error.argv:
        return _no_version(address, repr(error.argv[-1]), evidence)
    return NotReady(f"{address} does not answer", evidence=evidence, hint=f"is it right? {ADDRESSES}")


def _no_version(address: str, name: str, evidence: tuple[str, ...] = ()) -> WrongInput:
    return WrongInput(f"{address} has no version {name}", evidence=evidence, hint=f"git ls-remote --tags {address}")


def sentence(error: BaseException) -> str:
    """Return Copier's complaint without its own prefix: validators here name the question themselves."""
    text = REQUIRED.sub(r"\1 has to be answered: --data \1=VALUE", " ".join(str(error).split()))
    prefix, _, rest = text.partition("': ")
    return rest if prefix.startswith("Validation error for question '") else text


def _nearest(folder: Path) -> Path:
    """Return the closest folder that exists, which is on the file system where the new ones will be."""
    return next(candidate for candidate in (folder, *folder.absolute().parents) if candidate.is_dir())
