"""A built front end, as the template's own nginx serves it: which file for which path, for how long, and to whom."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import pytest
from jinja2 import StrictUndefined, Template

from .stacks import ROOT, docker, eventually, free_ports, run, unique

TEMPLATE = ROOT / "template"

AROUND = """\
services: { app: { ports: ["127.0.0.1:${PORT}:8000"] } }
networks: { edge: {} }
"""
"""What the rest of a stack would be."""

TEXT = "a page of some length " * 100
ASKED_AGAIN = "no-cache"

APP: Mapping[str, str] = {
    "index.html": f"<title>the app</title>{TEXT}",
    "about.html": "about",
    "docs/index.html": "the docs",
    "a b/index.html": "with a space",
    "favicon.ico": "icon",
    "sw.js": "the worker",
    "mod.mjs": f"export {{}} // {TEXT}",
    "site.webmanifest": "{}",
    "image.avif": "image",
    "code.wasm": "code",
    "notes.md": "notes",
    "unknown": "bytes",
    "video.mp4": "0123456789",
    "packed.css": TEXT,
    "packed.css.gz": "",
    ".env": "PASSWORD=1",
    ".git/config": "private",
    ".well-known/security.txt": "Contact: me",
    ".well-known/apple-app-site-association": "{}",
    ".well-known/.env": "PASSWORD=1",
}
"""The folder of an app with paths of its own."""

NAMED_BY_CONTENT = (
    "assets/index-DiwrgTda.js",  # Vite
    "assets/js/page-B7x_k-2Q.js",
    "static/js/main.8f3a2b1c.chunk.js",  # webpack
    "static/css/main.8f3a2b1c.css.map",
    "logo.0123456789abcdef0123.svg",
    "main-5QZ3YHXK.js",  # esbuild
    "_next/static/chunks/webpack.js",
    "_app/immutable/entry/start.js",
    "_astro/hero.webp",
    "_nuxt/entry.js",
)
LOOKALIKES = (
    "_app/version.json",
    "_nuxt/builds/latest.json",
    "assets/Inter-SemiBold.woff2",
    "assets/hero-portrait.js",
    "assets/logo.svg",
    "assets/trip-IMG_1234.jpg",
    "page-1a2b3c4d.html",
    "photo-1024x768.jpg",
    "report-20261231.zip",
    "user-1a2b3c4d.json",
)

PAGES: Mapping[str, str] = {"index.html": "home", "404.html": "there is no such page", "about.html": "about"}
"""The folder of a site that says itself what is missing."""


@dataclass(frozen=True)
class Answer:
    """One answer; headers by their names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Site:
    """A folder of files that is served."""

    folder: Path
    port: int

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        """Send one request, as Traefik would."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            connection.request(method, path, headers=named)
            answer = connection.getresponse()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())

    def compose(self, *words: str) -> str:
        """Run plain `docker compose`, which has to succeed."""
        done = run("docker", "compose", *words, cwd=self.folder, env={"PORT": str(self.port)})
        assert done.status == 0, done.everything
        return done.out.strip()


def place(folder: Path, files: Mapping[str, str]) -> None:
    """Write files that nobody but their owner may read."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_text(text)
        path.chmod(0o600)


def project(folder: Path, label: str, files: Mapping[str, str]) -> Site:
    """Lay a project of the template's own files around a folder."""
    place(folder / "public", files)
    shutil.copytree(TEMPLATE / "nginx", folder / "nginx")
    dockerfile = (TEMPLATE / "Dockerfile.d/static").read_text()
    (folder / "Dockerfile").write_text(Template(dockerfile, undefined=StrictUndefined).render(public="public"))
    part = (TEMPLATE / "compose.static.yaml").read_text()
    (folder / "compose.yaml").write_text(f"name: {unique(label)}\n{part}")
    (folder / "compose.override.yaml").write_text(AROUND)
    return Site(folder, free_ports(1)[0])


def served(folder: Path, label: str, files: Mapping[str, str]) -> Iterator[Site]:
    site = project(folder, label, files)
    if "packed.css.gz" in files:
        (folder / "public/packed.css.gz").write_bytes(gzip.compress(b"packed by the build"))
    try:
        site.compose("up", "--detach", "--build", "--wait")
        yield site
    finally:
        site.compose("down", "--timeout", "2", "--rmi", "all")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    named = dict.fromkeys((*NAMED_BY_CONTENT, *LOOKALIKES), "a file")
    yield from served(tmp_path_factory.mktemp("app"), "static-app", {**APP, **named})


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    yield from served(tmp_path_factory.mktemp("pages"), "static-pages", PAGES)


HTML = "text/html; charset=utf-8"
CODE = "application/javascript; charset=utf-8"
THE_APP = (200, HTML, APP["index.html"])
MISSING = (404, HTML, None)

PATHS: Mapping[str, tuple[int, str, str | None]] = {
    "/": THE_APP,
    "/index.html": THE_APP,
    "/about": (200, HTML, "about"),
    "/about.html": (200, HTML, "about"),
    "/docs/": (200, HTML, "the docs"),
    "/a%20b/": (200, HTML, "with a space"),
    # the app's own paths
    "/orders/17?page=2": THE_APP,
    "/orders/": THE_APP,
    "/users/john.doe": THE_APP,
    "/assets": THE_APP,
    "/assets/": THE_APP,
    # kinds
    "/favicon.ico": (200, "image/x-icon", "icon"),
    "/sw.js": (200, CODE, "the worker"),
    "/mod.mjs": (200, CODE, APP["mod.mjs"]),
    "/site.webmanifest": (200, "application/manifest+json", "{}"),
    "/image.avif": (200, "image/avif", "image"),
    "/code.wasm": (200, "application/wasm", "code"),
    "/notes.md": (200, "text/markdown; charset=utf-8", "notes"),
    "/unknown": (200, "application/octet-stream", "bytes"),
    "/.well-known/security.txt": (200, "text/plain; charset=utf-8", "Contact: me"),
    "/.well-known/apple-app-site-association": (200, "application/json", "{}"),
    # nobody's business
    "/.env": MISSING,
    "/%2eenv": MISSING,
    "/.git": MISSING,
    "/.git/config": MISSING,
    "/.well-known/.env": MISSING,
    "/..%2f..%2fetc/passwd": (400, HTML, None),
    # files of another version, and of another kind of site
    "/assets/index-Gone1234.js": MISSING,
    "/gone.mjs": MISSING,
    "/img/gone.PNG": MISSING,
    "/gone.html": MISSING,
    "/wp-login.php": MISSING,
    "/.well-known/gone": MISSING,
}
"""Path, and what an app answers: status, type and text."""

REDIRECTS = [
    ("/docs", "", "/docs/"),
    ("/docs?a=1&b=%20", "", "/docs/?a=1&b=%20"),
    ("/docs", "/shop", "/shop/docs/"),
    ("/docs", "/a/b-c/", "/a/b-c/docs/"),
    ("/a%20b", "/shop", "/shop/a%20b/"),
    ("//docs", "", "/docs/"),
    ("/docs", "//evil.example", "/docs/"),
    ("/docs", "https://evil.example", "/docs/"),
]
"""A folder without its slash, the prefix that Traefik has taken off, and where the visitor is sent."""


@pytest.mark.parametrize("path", PATHS)
def test_a_path_is_answered_with_its_file(app: Site, path: str) -> None:
    status, kind, text = PATHS[path]

    seen = app.ask(path)

    assert (seen.status, seen.headers["content-type"]) == (status, kind)
    assert seen.headers["cache-control"] == ASKED_AGAIN
    assert text is None or seen.body.decode() == text
    assert seen.headers["server"] == "nginx"


@pytest.mark.parametrize("name", NAMED_BY_CONTENT)
def test_a_file_that_is_named_by_its_content_is_kept_for_a_year(app: Site, name: str) -> None:
    assert app.ask(f"/{name}").headers["cache-control"] == "max-age=31536000, immutable"


@pytest.mark.parametrize("name", LOOKALIKES)
def test_a_file_that_may_change_under_its_name_is_asked_for_again(app: Site, name: str) -> None:
    first = app.ask(f"/{name}")
    again = app.ask(f"/{name}", If_None_Match=first.headers["etag"])

    assert first.headers["cache-control"] == again.headers["cache-control"] == ASKED_AGAIN
    assert (first.status, again.status) == (200, 304)


@pytest.mark.parametrize(("path", "prefix", "target"), REDIRECTS)
def test_a_folder_is_redirected_to_its_slash_on_this_host(app: Site, path: str, prefix: str, target: str) -> None:
    seen = app.ask(path, **({"X_Forwarded_Prefix": prefix} if prefix else {}))

    assert (seen.status, seen.headers["location"]) == (301, target)
    assert seen.headers["cache-control"] == ASKED_AGAIN


def test_text_is_compressed_and_what_the_build_has_compressed_is_sent_as_it_is(app: Site) -> None:
    page = app.ask("/", Accept_Encoding="gzip")
    packed = app.ask("/packed.css", Accept_Encoding="gzip", Via="1.1 a-cdn")

    assert gzip.decompress(page.body).decode() == APP["index.html"]
    assert page.headers["vary"] == packed.headers["vary"] == "Accept-Encoding"
    assert gzip.decompress(packed.body).decode() == "packed by the build"
    assert "content-encoding" not in app.ask("/image.avif", Accept_Encoding="gzip").headers
    assert app.ask("/packed.css").body.decode() == APP["packed.css"]


def test_a_part_of_a_file_may_be_asked_for(app: Site) -> None:
    seen = app.ask("/video.mp4", Range="bytes=2-5")

    assert (seen.status, seen.headers["content-range"], seen.body) == (206, "bytes 2-5/10", b"2345")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_nothing_but_reading_is_allowed(app: Site, method: str) -> None:
    assert app.ask("/", "HEAD").status == 200
    seen = app.ask("/", method)

    assert (seen.status, seen.headers["allow"]) == (405, "GET, HEAD")


def test_a_site_with_a_page_for_it_says_itself_what_is_missing(pages: Site) -> None:
    for path in ("/orders/17", "/gone/", "/gone.js", "/.git/config", "/404.html"):
        seen = pages.ask(path)
        assert (seen.status, seen.body.decode()) == (404, PAGES["404.html"])
        assert seen.headers["cache-control"] == ASKED_AGAIN
    assert pages.ask("/about").body.decode() == "about"


def test_it_has_nothing_to_say_until_something_is_wrong(app: Site) -> None:
    app.ask("/gone.js")

    assert app.compose("logs", "--no-log-prefix") == ""


def test_it_is_out_of_service_at_once_when_it_is_drained_and_stops_by_itself(pages: Site) -> None:
    container = pages.compose("ps", "--quiet", "app")

    pages.compose("exec", "--no-TTY", "app", "touch", "/tmp/drain")
    eventually(lambda: docker("inspect", container, "--format", "{{.State.Health.Status}}") == "unhealthy", 5)
    pages.compose("stop")

    assert docker("inspect", container, "--format", "{{.State.ExitCode}}") == "0"
    pages.compose("up", "--detach", "--wait")


def test_a_folder_that_was_not_built_is_no_image(tmp_path: Path) -> None:
    site = project(tmp_path, "static-empty", {"assets/index.js": "code"})

    done = run("docker", "compose", "build", cwd=tmp_path, env={"PORT": str(site.port)})

    assert done.status != 0
    assert "public/ has no index.html: build the front end first" in done.everything
