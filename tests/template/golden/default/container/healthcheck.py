"""Ask the app whether it is alive: healthcheck.py PORT PATH [FOLDER...]. Exit status 0 is yes, 1 is no and why.

Any answer below 500 is yes, while the folders have room. A busy app has 15 seconds, so that a burst of work does not
take it out of service. /tmp/drain means no at once: whoever creates it wants Traefik to stop sending requests here.
Runs as `python -I -S`, on a bare socket, because it runs every two seconds.
"""

import os
import socket
import sys
import time

DRAIN = "/tmp/drain"
PATIENCE = 15
SLICE = 0.25
ROOM = 1024 * 1024


def draining():
    return os.path.exists(DRAIN)


def full(folders):
    """Return the first folder in which less than a megabyte can be written; None when all have room."""
    for folder in folders:
        disk = os.statvfs(folder)
        if disk.f_bavail * disk.f_frsize < ROOM:
            return folder
    return None


def ask(port, path, deadline):
    """Return why one GET was no good answer, as far as one can tell; an empty string when it was."""
    with socket.create_connection(("127.0.0.1", port), timeout=SLICE) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        answer = received(connection, deadline)
    words = answer.split(b" ", 2)
    if len(words) < 2 or not words[1].isdigit():
        return "no answer in HTTP" if answer else "no answer"
    body = answer.partition(b"\r\n\r\n")[2].decode(errors="replace")[:200]
    return "" if int(words[1]) < 500 else f"{words[1].decode()} {body}".strip()


def received(connection, deadline):
    """Return the beginning of an answer; of a good one its first bytes will do."""
    answer = b""
    while len(answer) < 2000 and not draining():
        try:
            more = connection.recv(2000 - len(answer))
        except TimeoutError:
            if answer or time.monotonic() > deadline:
                break
            continue
        answer += more
        if not more or answer[9:10] in {b"1", b"2", b"3", b"4"}:
            break
    return answer


def problem(port, path, folders):
    """Return why the app is not alive, after trying until patience ends; an empty string when it is."""
    if folder := full(folders):
        return f"no room left in {folder}"
    deadline = time.monotonic() + PATIENCE
    said = "no answer"
    while time.monotonic() < deadline and not draining():
        try:
            said = ask(port, path, deadline)
        except OSError as error:
            said = error.strerror or str(error)
        if not said:
            return ""
        time.sleep(SLICE)
    return "draining" if draining() else f"GET {path}: {said}"


why = problem(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
if why:
    print(why)
sys.exit(1 if why else 0)
