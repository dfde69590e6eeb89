"""A project on a server: how a place is named, what is sent, paths over there, and what ends with the connection."""

import hashlib
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePath
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaffold import cargo, places, repository, shipping
from scaffold.cargo import Cargo, Mark, Sent, Shipment
from scaffold.cli.observe import visit
from scaffold.engine import carrying, content
from scaffold.errors import WrongInput
from scaffold.places import Place
from scaffold.project import Build, Port
from scaffold.remote import Server
from scaffold.remote.line import LIFELINE, Line, Shell
from scaffold.remote.there import WRITE, There, place

from ..builders import container, project, with_service

A, B, C = Mark(0o644, "a" * 64), Mark(0o644, "b" * 64), Mark(0o755, "c" * 64)

# ------------------------------------------------------------------ places


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("deploy@203.0.113.7", Place("deploy@203.0.113.7")),
        ("deploy@203.0.113.7:/srv/shop", Place("deploy@203.0.113.7", "/srv/shop")),
        ("deploy@203.0.113.7:~/apps/shop/", Place("deploy@203.0.113.7", "~/apps/shop")),
        ("vps:/srv/shop", Place("vps", "/srv/shop")),
        ("ssh://deploy@vps:2222", Place("ssh://deploy@vps:2222")),
        ("ssh://deploy@vps:2222/", Place("ssh://deploy@vps:2222")),
        ("ssh://deploy@vps:2222/srv/shop", Place("ssh://deploy@vps:2222", "/srv/shop")),
        ("ssh://vps/~/shop", Place("ssh://vps", "~/shop")),
        ("root@[2001:db8::7]:/srv/shop", Place("ssh://root@[2001:db8::7]:22", "/srv/shop")),
    ],
    ids=str,
)
def test_a_place_is_a_server_and_a_folder(text: str, expected: Place) -> None:
    assert places.parse(text) == expected


@pytest.mark.parametrize(
    "text", ["", "-oProxyCommand=evil", "vps:/", "vps:~", "vps:/srv/../etc", "ssh://", "vps:srv/shop", "a b:/srv/x"]
)
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(WrongInput):
        places.parse(text)


def test_a_project_names_its_places(tmp_path: Path) -> None:
    (tmp_path / "places.yaml").write_text(
        "staging: deploy@staging.example.com\n"
        "production:\n  server: deploy@203.0.113.7\n  folder: /srv/shop\n  settings: {STACK_WORKERS: 4}\n"
    )
    assert places.find(tmp_path, "staging") == Place("deploy@staging.example.com")
    assert places.find(tmp_path, "production") == Place("deploy@203.0.113.7", "/srv/shop", {"STACK_WORKERS": "4"})
    assert places.find(tmp_path, "root@other") == Place("root@other")
    with pytest.raises(WrongInput, match="it names staging, production"):
        places.find(tmp_path, "produktion")


@pytest.mark.parametrize(
    "text",
    [
        "- staging",
        "staging: {folder: /srv/shop}",
        "staging: {server: vps, sevrer: x}",
        "staging: [",
        "1: vps",
        "a: 1",
        "a: !!timestamp x",
    ],
)
def test_a_file_that_names_no_places_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "places.yaml").write_text(text)
    with pytest.raises(WrongInput, match=r"places\.yaml"):
        places.find(tmp_path, "staging")


@pytest.mark.parametrize("pair", ["STACK_WORKERS", "=3", "A B=3", "STACK-WORKERS=3", "A=1\nB=2"])
def test_what_is_no_setting_is_refused(pair: str) -> None:
    with pytest.raises(WrongInput):
        places.settings((pair,))


def test_commands_are_told_with_the_way_to_the_server(tmp_path: Path) -> None:
    there = type("Folder", (), {"typed": ("my shop", "--on", "vps"), "address": "vps", "__str__": lambda _: "/srv/x y"})
    folder: Any = there()
    assert places.command("up", folder) == "stack up 'my shop' --on vps"
    assert places.within("logs app", folder) == "stack logs app -C 'my shop' --on vps"
    assert places.shell(folder, "docker compose logs") == "ssh vps 'cd '\"'\"'/srv/x y'\"'\"' && docker compose logs'"
    assert places.shell(tmp_path, "ls") == f"cd {tmp_path} && ls"
    assert places.command("up", Path.cwd()) == "stack up"


# ------------------------------------------------------------------ what is sent


@pytest.mark.parametrize(
    ("own", "sent", "there", "expected"),
    [
        ({"a": A}, None, {}, Shipment(("a",))),
        ({"a": A}, {"a": A}, {"a": A}, Shipment()),
        ({"a": B}, {"a": A}, {"a": A}, Shipment(("a",))),
        ({"a": A}, {"a": A}, {}, Shipment(("a",))),
        ({}, {"a": A}, {"a": A}, Shipment((), ("a",))),
        ({}, {"a": A}, {}, Shipment()),
        ({"a": B}, {"a": A}, {"a": C}, Shipment(("a",), edited=("a",))),
        ({"a": C}, {"a": A}, {"a": C}, Shipment()),
        ({}, {"a": A}, {"a": C}, Shipment((), ("a",), edited=("a",))),
        ({"a": A}, None, {"a": A}, Shipment()),
        ({"a": A}, None, {"a": B}, Shipment(("a",), foreign=("a",))),
        ({"a": A}, {"b": B}, {"a": C, "b": B}, Shipment(("a",), ("b",), foreign=("a",))),
        ({}, {".env": A, "secrets/x": A}, {".env": A, "secrets/x": A}, Shipment()),
    ],
    ids=str,
)
def test_what_differs_is_sent_and_only_what_was_sent_is_removed(
    own: Mapping[str, Mark], sent: Mapping[str, Mark] | None, there: Mapping[str, Mark], expected: Shipment
) -> None:
    assert cargo.compare(Cargo(own), None if sent is None else Sent(Cargo(sent)), there) == expected


def test_what_was_cut_off_half_way_is_taken_up() -> None:
    before, new = Sent(Cargo({"a": A, "b": B, "gone": C})), Sent(Cargo({"a": C, "b": A, "more": B}))
    meanwhile = cargo.between(new, before)

    done = cargo.compare(new.cargo, meanwhile, {"a": C, "b": B, "gone": C, "more": B})

    assert done == Shipment(("b",), ("gone",))
    assert cargo.compare(new.cargo, meanwhile, {"a": C, "b": C}) == Shipment(("b", "more"), edited=("b",))
    # Another version comes, of which some is there and some is not.
    assert cargo.compare(Cargo({"a": B}), meanwhile, {"a": C, "more": B}) == Shipment(("a",), ("more",))


@pytest.mark.parametrize("name", [".env", "secrets/app.env", ".stack/history.jsonl", ".git/config"])
def test_what_belongs_to_the_server_does_not_travel(name: str) -> None:
    assert not cargo.travels(name)
    assert cargo.travels(f"app/{name}")


@given(
    st.dictionaries(st.text(min_size=1), st.builds(Mark, st.sampled_from([cargo.PLAIN, cargo.LINK]), st.text())),
    st.text(),
)
def test_the_note_on_what_was_sent_is_read_as_it_was_written(files: dict[str, Mark], version: str) -> None:
    sent = Sent(Cargo(files, version), "somebody", "2026-11-23")
    assert cargo.parse(cargo.text(sent)) == sent


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"files": []}', '{"files": {"a": 1}, "version": ""}'])
def test_what_is_no_note_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        cargo.parse(text)


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A project with what is ignored, what is a program, a link, and what belongs to the place."""
    folder = tmp_path / "shop"
    (folder / "app").mkdir(parents=True)
    (folder / "secrets").mkdir()
    files = {
        "compose.yaml": "name: shop\nservices: {app: {volumes: [./data/seed.txt:/seed.txt]}}\n",
        "app/main.py": "app = 1\n",
        "data/seed.txt": "seed",
        "notes/todo.txt": "later",
        ".gitignore": "/.env\n*.log\n",
        ".dockerignore": "data\nnotes\nDockerfile*\n",
        "Dockerfile": "FROM scratch\n",
        "noise.log": "...",
        ".env": "STACK_DOMAIN=localhost\n",
        "secrets/app.env": "",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    (folder / "run").write_text("#!/bin/sh\n")
    (folder / "run").chmod(0o700)
    (folder / "latest").symlink_to("app/main.py")
    return folder


def test_of_a_repository_goes_what_git_has(source: Path) -> None:
    git(source, "init", "--quiet")
    git(source, "add", "app", "compose.yaml", "run", "latest", "secrets")
    (source / "app/new.py").write_text("")
    names = repository.files(source)

    assert names is not None
    assert set(names) == {"app/main.py", "compose.yaml", "run", "latest", "secrets/app.env"}
    assert {"app/new.py", "notes/todo.txt"} <= set(repository.untracked(source))
    assert not {"noise.log", ".env"} & set(repository.untracked(source))
    own = shipping.load(source, names, "abc")
    assert set(own.files) == {"app/main.py", "compose.yaml", "run", "latest"}
    assert own.files["run"].mode == cargo.PROGRAM
    assert own.files["latest"] == cargo.link("app/main.py")


def test_outside_of_one_goes_what_the_ignore_files_leave_and_what_compose_names(source: Path) -> None:
    assert repository.files(source) is None
    names = content.wanted(source, repository.untracked(source))
    assert set(shipping.load(source, names, "").files) == {
        *("compose.yaml", "app/main.py", "data/seed.txt", ".gitignore", ".dockerignore", "Dockerfile"),
        *("run", "latest"),
    }


def test_a_name_that_would_be_two_is_refused(source: Path) -> None:
    (source / "a\nb").write_text("")
    with pytest.raises(WrongInput, match="ends a line"):
        shipping.load(source, ["a\nb"], "")


# ------------------------------------------------------------------ over there, with a shell here for the server's


class Near(Line):
    """A connection to this very machine, without SSH."""

    def client(self, *words: str, terminal: bool = False) -> list[str]:  # noqa: ARG002
        return list(words)

    def close(self) -> None:
        pass


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    own = Near(Server("root@server", ask=False), tmp_path)
    own.asking.append(Shell(own))
    yield own
    shell = own.asking.pop()
    shell.end()
    shell.close()


@pytest.fixture
def folder(line: Line, tmp_path: Path) -> There:
    found = place(line, str(tmp_path / "the server's"))
    found.mkdir()
    return found


def test_a_path_there_does_what_one_here_does(folder: There) -> None:
    here = Path(str(folder))
    file = folder / "a 'b' $c\nd"
    file.put(b"\0\xff and\n\n", 0o640)
    assert (here / file.name).read_bytes() == file.read_bytes() == b"\0\xff and\n\n"
    ours, theirs = (here / file.name).stat(), file.stat()
    assert (ours.st_mode, ours.st_size, ours.st_ino, ours.st_uid) == (
        *(theirs.st_mode, theirs.st_size, theirs.st_ino, theirs.st_uid),
    )
    assert (file.exists(), file.is_file(), file.is_dir(), folder.is_dir()) == (True, True, False, True)
    assert list(folder.iterdir()) == [file]
    (here / "link").symlink_to("nowhere")
    assert (folder / "link").is_symlink()
    assert not (folder / "link").exists()
    assert str((folder / "link").readlink()) == "nowhere"
    assert (folder / "x" / "y").resolve() == folder / "x" / "y"
    (folder / "deep" / "er").mkdir(parents=True, mode=0o700)
    assert (here / "deep/er").stat().st_mode & 0o777 == 0o700
    file.chmod(0o600)
    assert file.lstat().st_mode & 0o777 == 0o600
    assert file.replace(folder / "b") == folder / "b"
    assert (folder / "b").changed() is not None
    assert (folder / "deep").changed() is None
    (folder / "b").unlink()
    (folder / "b").unlink(missing_ok=True)
    assert sorted(path.name for path in here.iterdir()) == ["deep", "link"]


def test_what_fails_there_fails_as_it_would_here(folder: There) -> None:
    (folder / "file").put(b"", 0o644)
    for call, kind in (
        ((folder / "no").read_bytes, FileNotFoundError),
        ((folder / "no").stat, FileNotFoundError),
        ((folder / "no").unlink, FileNotFoundError),
        (folder.read_bytes, IsADirectoryError),
        (folder.mkdir, FileExistsError),
        ((folder / "file" / "in").read_bytes, NotADirectoryError),
        (lambda: (folder / "no" / "in").put(b"", 0o644), FileNotFoundError),
    ):
        with pytest.raises(kind) as caught:
            call()
        assert caught.value.strerror


def test_nothing_of_there_is_done_here_by_mistake(folder: There) -> None:
    for name in set(dir(Path)) - set(dir(PurePath)):
        if not name.startswith("_") and name not in vars(There):
            pytest.fail(f"{name} would be done here")
    for call in (folder.open, folder.rmdir, lambda: os.fspath(folder)):
        with pytest.raises(TypeError, match="lies on root@server"):
            call()
    assert folder != Path(str(folder))
    assert hash(folder) == hash(folder / ".")


def test_a_file_is_whole_or_as_it_was(folder: There) -> None:
    (folder / "file").put(b"old", 0o644)
    answer = folder.line.run(WRITE, str(folder / "file"), "644", "10", fed=b"cut")
    assert answer.status == 1
    assert (folder / "file").read_bytes() == b"old"
    assert [path.name for path in folder.iterdir()] == ["file"]


def test_a_connection_that_is_gone_is_told(folder: There) -> None:
    folder.line.asking[0].end()
    with pytest.raises(ConnectionError, match="the connection to root@server is gone"):
        folder.stat()
    with pytest.raises(ConnectionError):
        folder.exists()


def test_files_there_have_the_same_sums_and_the_image_the_same_name(folder: There, source: Path) -> None:
    names = content.wanted(source, repository.untracked(source))
    own = shipping.load(source, names, "abc")
    new = Sent(own, "somebody", "now")
    shipment = cargo.compare(own, None, shipping.look(folder, own.files))
    shipping.refuse_strange(folder, None, shipment)
    shipping.deliver(folder, shipping.pack(source, new, None, shipment.send), shipment)

    assert shipping.read(folder) == new
    assert shipping.look(folder, own.files) == own.files
    assert cargo.compare(own, new, shipping.look(folder, own.files)).empty
    build = Build(folder, "Dockerfile")
    assert content.content_hash(build) == content.content_hash(Build(Path(str(folder)), "Dockerfile"))
    assert folder.sums(["app/main.py", "gone"])["app/main.py"] == (0o644, hashlib.sha256(b"app = 1\n").hexdigest())
    (source / "app/main.py").unlink()
    (source / "app/main.py").mkdir()
    (source / "app/main.py/deeper.txt").write_text("a folder where a file was")
    later = shipping.load(source, [*set(names) - {"app/main.py"}, "app/main.py/deeper.txt"], "abd")
    again = cargo.compare(later, new, shipping.look(folder, {**own.files, **later.files}))
    assert (again.send, again.remove) == (("app/main.py/deeper.txt",), ("app/main.py",))
    shipping.deliver(folder, shipping.pack(source, Sent(later), new, again.send), again)
    assert shipping.look(folder, later.files) == later.files


def test_half_of_what_was_to_come_changes_nothing(folder: There, source: Path) -> None:
    own = shipping.load(source, ["compose.yaml", "run"], "abc")
    packed = shipping.pack(source, Sent(own), None, sorted(own.files))
    with pytest.raises(Exception, match="could not be sent"):
        shipping.deliver(folder, packed[: len(packed) // 2], Shipment(tuple(sorted(own.files))))
    assert shipping.look(folder, own.files) == {}


# ------------------------------------------------------------------ what ends with the connection


def tied(*words: str, fed: int) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        ["sh", "-c", LIFELINE, "sh", "/", f"{fed}", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


def test_a_command_gets_all_that_it_is_fed_however_it_comes_and_ends_by_itself() -> None:
    text = bytes(range(1, 256)) * 400 + b"\n\n"
    with tied("sha256sum", fed=len(text)) as process:
        assert process.stdin
        assert process.stdout
        for start in range(0, len(text), 9000):
            process.stdin.write(text[start : start + 9000])
            process.stdin.flush()
            time.sleep(0.002)
        assert process.stdout.read().split()[0].decode() == hashlib.sha256(text).hexdigest()
        assert process.wait(10) == 0
        process.stdin.close()


def test_a_command_ends_when_nobody_is_there_any_more() -> None:
    with tied("sh", "-c", "trap 'echo told; exit 5' TERM; echo begun; while :; do sleep 0.05; done", fed=0) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == b"begun\n"
        process.stdin.close()
        assert process.stdout.read() == b"told\n"
        assert process.wait(10) == 5


# ------------------------------------------------------------------ images


@pytest.mark.parametrize(
    ("layers", "others", "expected"),
    [
        (["a", "b", "c"], [], set()),
        (["a", "b", "c"], [["a", "x"], ["a", "b", "y", "c"]], {"a", "b"}),
        (["a", "b"], [["b"], ["x", "a", "b"]], set()),
        (["a"], [["a", "b"]], {"a"}),
    ],
    ids=["an empty engine", "the longest beginning", "the same layers on others", "all of it"],
)
def test_a_layer_is_there_when_an_image_there_begins_like_ours(
    layers: list[str], others: list[list[str]], expected: set[str]
) -> None:
    assert carrying.shared(layers, others) == expected


@pytest.mark.parametrize("machine", ["x86_64", "aarch64", "riscv64"])
def test_an_image_is_built_for_the_servers_machine(machine: str) -> None:
    client: Any = SimpleNamespace(info=lambda: {"Architecture": machine})
    assert carrying.platform(client) == {"x86_64": "linux/amd64", "aarch64": "linux/arm64"}.get(machine, "")


# ------------------------------------------------------------------ where the site of a server is looked at


class Named(Server):
    """A server of which the configuration is known."""

    def __init__(self, **said: str) -> None:
        super().__init__("deploy@server", ask=False)
        self.__dict__["_configured"] = said


class Forwarding(Near):
    """A connection that says what it would forward."""

    def port(self, address: str, port: int) -> tuple[str, int]:  # noqa: ARG002
        return "127.0.0.1", port + 10_000


@pytest.mark.parametrize(
    ("said", "host_ip", "peer"),
    [
        ({"hostname": "203.0.113.7"}, "", ("203.0.113.7", 443)),
        ({"hostname": "203.0.113.7"}, "127.0.0.1", ("127.0.0.1", 10_443)),
        ({"hostname": "203.0.113.7", "proxyjump": "bastion"}, "", ("127.0.0.1", 10_443)),
        ({"hostname": "10.0.0.7", "proxycommand": "nc"}, "", ("127.0.0.1", 10_443)),
        ({"hostname": "127.0.0.1"}, "", ("127.0.0.1", 10_443)),
        ({"hostname": "localhost"}, "", ("127.0.0.1", 10_443)),
    ],
    ids=["a public address", "published there alone", "a jump host", "a command", "a tunnel", "a name of ours"],
)
def test_the_site_of_a_server_is_never_looked_for_here(
    said: dict[str, str], host_ip: str, peer: tuple[str, int], tmp_path: Path
) -> None:
    folder = place(Forwarding(Named(**said), tmp_path), "/srv/shop")
    base = project(directory=folder)
    own = with_service(base, "traefik", ports=tuple(replace(port, host_ip=host_ip) for port in base.proxy.ports))
    assert visit.site(own).peer(443) == peer
    site = visit.stage(own, replace(container("traefik"), ports=(Port(443, 443, host_ip),)))
    assert site.peer(site.https_port) == (peer if peer[1] == 443 else ("127.0.0.1", 10_443))
