"""Secrets where they do not belong: in `docker inspect`, and in an image. Names and places are told, never a value."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from docker import DockerClient
from docker.errors import ImageNotFound, NotFound

from .. import dotenv
from ..facts import Container
from . import within

Values = Mapping[str, frozenset[str]]
"""What is secret, by its name: every form in which it may be written."""

PLACES: Mapping[tuple[str, ...], str] = {
    ("Config", "Env"): "in the environment of",
    ("Config", "Labels"): "in a label of",
    ("Config", "Cmd"): "in the command of",
    ("Config", "Entrypoint"): "in the entry point of",
    ("Config", "Healthcheck"): "in the healthcheck of",
    ("Args",): "in the command of",
    ("State", "Health"): "in what the healthcheck said of",
    ("HostConfig", "LogConfig"): "in the settings for the log of",
}
"""Where something stands in what Docker tells of a container, and the word for it."""
ANYWHERE = "in `docker inspect` of"
WALK_SECONDS, WALK_FILES, LARGEST = 2, 20_000, 1_000_000
"""How long, and through how many files of how many bytes, an image is searched."""
SKIPPED = ("site-packages", "__pycache__", "node_modules", ".git")
COPIES = ("app.env", "traefik.env", "postgres_password", "redis_password")
QUESTION = {
    "files": COPIES,
    "largest": LARGEST,
    "least": dotenv.SHORTEST,
    "most": WALK_FILES,
    "named": dotenv.NAMED.pattern,
    "plain": dotenv.PLAIN.pattern,
    "random": dotenv.RANDOM.pattern,
    "seconds": WALK_SECONDS,
    "shortest": dotenv.TELLING,
    "skip": SKIPPED,
}
"""The argument of FIND_SECRETS."""

FIND_SECRETS = r"""
import json, os, re, signal, sys, time
signal.alarm(10)
from urllib.parse import quote
asked = json.loads(sys.argv[1])
folder, plain = "/run/secrets", re.compile(asked["plain"])
line = re.compile(r"\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*")
def text(path):
    try:
        with open(path, "rb") as file:
            return file.read(asked["largest"])
    except OSError:
        return b""
def settings(content):
    for one in content.decode(errors="replace").splitlines():
        found = line.fullmatch(one)
        if found:
            yield found[1], found[2].strip("'\"")
def telling(key, value):
    looks = len(value) >= asked["shortest"] and not plain.fullmatch(value)
    return looks and (re.search(asked["named"], key, re.I) or re.search(asked["random"], value))
names = {}
for name in os.listdir(folder) if os.path.isdir(folder) else ():
    content = text(os.path.join(folder, name))
    if name.endswith(".env"):
        known = [(f"{key} of secrets/{name}", value) for key, value in settings(content) if telling(key, value)]
    else:
        known = [(f"secrets/{name}", content.decode(errors="replace").strip())]
    for key, value in known:
        if len(value) >= asked["least"]:
            for form in (value, quote(value, safe="")):
                names[form.encode()] = key
pattern = re.compile(b"|".join(map(re.escape, sorted(names, key=len, reverse=True))) or b"(?!)")
with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as file:
    mounted = {re.sub(r"\\(\d{3})", lambda one: chr(int(one[1], 8)), row.split()[4]) for row in file}
def look(path, name):
    content = text(path)
    for found in set(pattern.findall(content)):
        yield f"{names[found]}, in {path}"
    said = b"".join(one for one in content.splitlines() if one.strip()[:1] not in (b"", b"#"))
    if said and name in asked["files"] and path.endswith(f"/secrets/{name}"):
        yield f"a copy of secrets/{name}, {path}"
    if re.fullmatch(r"\.env(\.(?!example|sample|template|dist)\w+)?", name):
        for key, value in settings(content):
            if re.search(asked["named"], key, re.I) and telling(key, value):
                yield f"{key}, in {path}"
end, seen, found = time.monotonic() + asked["seconds"], 0, set()
roots = dict.fromkeys((os.getcwd(), "/srv", "/app", "/home", "/root", "/opt", "/tmp"))
done = set()
for root in roots:
    for place, folders, files in os.walk(root):
        folders[:] = [one for one in folders if one not in asked["skip"]
                      and os.path.join(place, one) not in mounted and os.path.join(place, one) not in done]
        if place in mounted or place in done or place == "/" or time.monotonic() > end or seen > asked["most"]:
            folders[:] = []
            continue
        done.add(place)
        for name in files:
            path = os.path.join(place, name)
            seen += 1
            if time.monotonic() > end or path in mounted or os.path.islink(path) or not os.path.isfile(path):
                continue
            if os.path.getsize(path) <= asked["largest"]:
                found.update(look(path, name))
print(json.dumps({"found": sorted(found), "whole": time.monotonic() <= end and seen <= asked["most"]}))
"""
"""One argument, JSON: bounds and names. What it looks for it reads itself, where the app has it: in /run/secrets. So no
value is on a command line. Prints names and places."""


def exposed(client: DockerClient, containers: Iterable[Container], values: Values) -> tuple[str, ...]:
    """Return which values stand in `docker inspect` of containers, and where; not of one that has gone meanwhile."""
    found: dict[str, None] = {}
    for one in containers:
        try:
            told = client.api.inspect_container(one.id)
        except NotFound:
            continue
        for place, text in _texts(told):
            found |= dict.fromkeys(f"{name}, {_word(place)} {one.name}" for name in _in(text, values))
    return tuple(found)


def baked(client: DockerClient, image: str, running: Sequence[Container], values: Values) -> tuple[str, ...] | None:
    """Return which values lie in an image: in how it was made, in its settings, and in the files of a container.

    None when something could not be read, and nothing was found in the rest.
    """
    try:
        known = client.images.get(image)
        told = [("how it was made", str(row.get("CreatedBy") or "")) for row in known.history()]
    except (ImageNotFound, ValueError):
        return None
    told += [(f"its {place[0]}", text) for place, text in _texts(known.attrs.get("Config") or {})]
    found = dict.fromkeys(f"{name}, in {place}" for place, text in told for name in _in(text, values))
    files = [_files(client, one) for one in running]
    every = tuple(dict.fromkeys((*found, *(name for one in files for name in one or ()))))
    return None if (None in files or not files) and not every else every


def _files(client: DockerClient, container: Container) -> tuple[str, ...] | None:
    """Return what lies in the files of a container's image; None when they cannot be read."""
    words = ["python", "-I", "-S", "-c", FIND_SECRETS, json.dumps(QUESTION)]
    status, said = within.run(client, container.id, words, errors=False)
    if status:
        return None
    try:
        document = json.loads(said)
    except ValueError:  # it ended before it had said all
        return None
    # What was not searched to its end says nothing by being silent.
    return tuple(document["found"]) if document["whole"] or document["found"] else None


def _texts(told: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:  # noqa: ANN401 - any JSON
    """Yield every text in a document of Docker's, with the keys that lead to it."""
    if isinstance(told, Mapping):
        for name, one in told.items():
            yield from _texts(one, (*place, name))
            yield (*place, name), name
    elif isinstance(told, list):
        for one in told:
            yield from _texts(one, place)
    elif isinstance(told, str):
        yield place, told


def _in(text: str, values: Values) -> Iterator[str]:
    """Yield the names of the values that stand in a text."""
    yield from (name for name, forms in values.items() if any(form in text for form in forms))


def _word(place: tuple[str, ...]) -> str:
    return next((word for keys, word in PLACES.items() if place[: len(keys)] == keys), ANYWHERE)
