"""Writing a file in one move: whatever happens, it is the old one or the new one. The caller explains OSError."""

import os
import tempfile
from pathlib import Path

from .remote.there import There


def write(path: Path, content: bytes, mode: int) -> None:
    """Write a file, with its mode from the first moment on, also on the disk; OSError, and nothing is left."""
    if isinstance(path, There):
        path.put(content, mode)
        return
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(handle, mode)
            os.fsync(handle)
        rename(Path(name), path)
    finally:
        Path(name).unlink(missing_ok=True)


def rename(path: Path, to: Path) -> None:
    """Put a file in the place of another one, also on the disk; OSError."""
    path.replace(to)
    if isinstance(to, There):
        return
    folder = os.open(to.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
