r"""Put the secrets into the environment, then become a command: entrypoint.py COMMAND [ARGUMENT...].

/run/secrets/postgres_password makes DATABASE_URL, redis_password makes REDIS_URL, unless they are set. app.env holds
the app's own: NAME=VALUE lines, which win over everything else. What is set here is in no `docker inspect`.

In --forwarded-allow-ips=own-networks the last word stands for the networks that this container is in.

A value is everything behind the equals sign, as it stands. In "double quotes" it is read as JSON, where \n is a new
line; 'single quotes' around it are taken off. Empty lines, and those that begin with #, are nothing.
"""

import json
import os
import re
import sys
from ipaddress import ip_address, ip_network
from urllib.parse import quote

SECRETS = "/run/secrets"
TRUST = "--forwarded-allow-ips="
LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)")


def password(store):
    """Return a store's password, percent-encoded; None when this stack has no such store."""
    path = f"{SECRETS}/{store}_password"
    if not os.path.exists(path):
        return None
    text = read(path).rstrip("\n")
    if not text:
        sys.exit(f"entrypoint: {path} is empty")
    return quote(text, safe="")


def read(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        sys.exit(f"entrypoint: {path} cannot be read: {error}")


def settings(path):
    """Yield the names and values of a file."""
    for number, line in enumerate(read(path).split("\n"), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        found = LINE.fullmatch(text)
        if not found:
            sys.exit(f"entrypoint: {path}, line {number}: not of the form NAME=VALUE")
        where = f"{path}, line {number}: {found[1]}"
        yield found[1], storable(plain(found[2].strip(), where), where)


def plain(value, where):
    """Return a value without its quotes."""
    if len(value) > 1 and value[0] == value[-1] == "'":
        return value[1:-1]
    if not (len(value) > 1 and value[0] == value[-1] == '"'):
        return value
    try:
        return json.loads(value, strict=False)
    except ValueError:
        sys.exit(f'entrypoint: {where}: in double quotes a \\ is written \\\\ and a " is written \\"')


def storable(value, where):
    """Return a value that an environment variable can hold."""
    if "\0" in value:
        sys.exit(f"entrypoint: {where}: an environment variable cannot hold the character NUL")
    try:
        value.encode()
    except UnicodeEncodeError:
        sys.exit(f"entrypoint: {where}: half of a surrogate pair (\\ud800 to \\udfff) is no character")
    return value


def prepare(environment):
    """Add what the secrets hold to an environment."""
    if secret := password("postgres"):
        scheme = environment.get("DATABASE_SCHEME", "postgresql")
        environment.setdefault("DATABASE_URL", f"{scheme}://app:{secret}@postgres:5432/app")
    if secret := password("redis"):
        environment.setdefault("REDIS_URL", f"redis://:{secret}@redis:6379/0")
    if os.path.exists(f"{SECRETS}/app.env"):
        environment.update(settings(f"{SECRETS}/app.env"))


def networks():
    """Yield the networks that this container is in, where only Traefik and this stack's other containers are."""
    for line in read("/proc/net/route").splitlines()[1:]:
        _, target, gateway, _, _, _, _, mask, *_ = line.split()
        if int(mask, 16) and not int(gateway, 16):
            yield ip_network(f"{ip_address(swapped(target))}/{ip_address(swapped(mask))}")
    # Where the kernel has no IPv6, there is no such file.
    for line in read("/proc/net/if_inet6").splitlines() if os.path.exists("/proc/net/if_inet6") else ():
        address, _, bits, scope, *_ = line.split()
        if scope == "00":
            yield ip_network((bytes.fromhex(address), int(bits, 16)), strict=False)


def swapped(digits):
    """Return the bytes of an IPv4 address, which the kernel prints as a number of its own byte order."""
    return int(digits, 16).to_bytes(4, sys.byteorder)


def spelt_out(word):
    """Return a word of the command as the server understands it."""
    if not word.startswith(f"{TRUST}own-networks"):
        return word
    return word.replace("own-networks", ",".join(map(str, networks())), 1)


def become(words):
    try:
        os.execvp(words[0], words)
    except OSError as error:
        print(f"entrypoint: {words[0]} cannot be run: {error.strerror}", file=sys.stderr)
        sys.exit(127)


prepare(os.environ)
become([spelt_out(word) for word in sys.argv[1:]] or ["sh"])
