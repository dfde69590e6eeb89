"""Start the command `stack`, also as `python -m scaffold`."""

import signal


def main() -> None:
    """Be the command `stack`."""
    # While Python still imports, Ctrl-C ends the process as the system does it: without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from .cli import main as cli

    cli()


if __name__ == "__main__":
    main()
