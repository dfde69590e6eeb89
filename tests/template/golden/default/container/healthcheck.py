"""Ask the app whether it is alive: healthcheck.py PORT PATH. Exit status 0 is yes, 1 is no.

Any answer below 500 is yes. A busy app has 15 seconds, so that a burst of work does not take it out of service.
/tmp/drain means no at once: whoever creates it wants Traefik to stop sending requests here.
Runs as `python -I -S`, on a bare socket, because it runs every two seconds.
"""

import os
import socket
import sys
import time

DRAIN = "/tmp/drain"
PATIENCE = 15
SLICE = 0.25


def draining():
    return os.path.exists(DRAIN)


def status(port, path, deadline):
    """Return the status code of one GET, or None when nothing was answered in time."""
    with socket.create_connection(("127.0.0.1", port), timeout=SLICE) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        while time.monotonic() < deadline and not draining():
            try:
                line = connection.recv(64).split(b" ")
                return int(line[1])
            except TimeoutError:
                continue
            except (IndexError, ValueError):
                return None
    return None


def alive(port, path):
    """Try until an answer below 500 comes, or patience ends."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and not draining():
        try:
            code = status(port, path, deadline)
        except OSError:
            code = None
        if code is not None and code < 500:
            return True
        time.sleep(SLICE)
    return False


sys.exit(0 if alive(int(sys.argv[1]), sys.argv[2]) else 1)
