"""Sentences for errors that no code foresaw."""

from ..errors import NotReady, StackError


def told(error: Exception) -> StackError:
    """Return what a person is told of an error; one that says it already, as it is.

    The system's own complaints name the file.
    """
    if isinstance(error, StackError):
        return error
    if isinstance(error, OSError) and error.errno is not None:
        return NotReady(f"the system refused: {error}", hint="--debug shows where")
    if type(error).__module__.startswith(("requests.", "urllib3.", "docker.")):
        return NotReady(
            f"the Docker Engine did not answer: {error}", hint="systemctl status docker; --debug shows where"
        )
    return StackError(
        f"something unexpected happened: {type(error).__name__}: {error}", hint="--debug shows where; please report it"
    )
