"""`python3 -m tests.rig`: make sure of an engine, of images, and of an SSH server's program; with `venv`, of .venv;
with `linters`, of .venv-lint (`linters renew` pins the newest); with `clean`, undo it.
"""

from __future__ import annotations

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - whoever is told this has an older one
    sys.exit("rig: Python 3.11 or newer is needed, for example: make PYTHON=python3.13 test")

from . import clean, engine, images, linters, python, ssh
from .shell import RigError, say


def main(words: list[str]) -> int:
    """Run one command; 0 when everything is there, 1 with a sentence when not."""
    try:
        if words == ["clean"]:
            clean.everything()
        elif words == ["venv"]:
            python.ensure()
        elif words == ["linters"]:
            linters.ensure()
        elif words == ["linters", "renew"]:
            linters.renew()
        elif not words:
            engine.ensure()
            images.ensure()
            ssh.ensure()
        else:
            raise RigError("usage: python3 -m tests.rig [venv | linters [renew] | clean]")  # noqa: TRY301 - one road for every sentence
    except RigError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("interrupted; run it again, it goes on where it was")
        return 130
    return 0


sys.exit(main(sys.argv[1:]))
