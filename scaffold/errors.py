"""What a person is told when something cannot go on."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of `stack`, as documented in the README."""

    GOOD = 0
    FAILED = 1
    WRONG_INPUT = 2
    NOT_READY = 3
    INTERRUPTED = 130


class StackError(Exception):
    """Ends a command with one sentence, the evidence, and what to do next. Caught once, in `cli`."""

    exit_code = ExitCode.FAILED

    def __init__(self, message: str, *, hint: str = "", evidence: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.evidence = evidence


class WrongInput(StackError):
    """An option, an answer or a file is wrong; nothing was changed."""

    exit_code = ExitCode.WRONG_INPUT


class NotReady(StackError):
    """The machine lacks something: an engine, a free port, a permission, room on the disk."""

    exit_code = ExitCode.NOT_READY


class Interrupted(StackError):
    """The person stopped the command."""

    exit_code = ExitCode.INTERRUPTED
