"""Start the command `stack`, also as `python -m scaffold`."""

import gc
import io
import signal
import sys

MANY = 200_000
"""Objects that are made before the collector looks for those that nobody needs."""


def main() -> None:
    """Be the command `stack`."""
    # While Python still imports, Ctrl-C ends the process as the system does it: without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # What is imported and rendered stays: looking through it again and again takes a seventh of `stack new`.
    gc.set_threshold(MANY)
    # A terminal that has no letter for a sign of ours shows "?": that is nothing to fail of when the work is done.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    from .cli import main as cli

    try:
        cli()
    finally:
        gc.freeze()  # nor does the end of the process need it: another seventh


if __name__ == "__main__":
    main()
