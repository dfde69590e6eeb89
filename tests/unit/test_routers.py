"""What Traefik says of labels and files: lines of a real Traefik 3.7.15, each with what was done to get it."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from scaffold import routers
from scaffold.routers import Author

MADE = datetime(2026, 8, 1, tzinfo=UTC)
ID, OTHER = "a" * 64, "b" * 64
APP = Author(
    ID,
    "demo-app-1",
    {
        "traefik.http.routers.demo-app.rule": "Host(`demo.shop`)",
        "traefik.http.middlewares.demo-canonical.redirectregex.regex": "x",
        "com.docker.compose.service": "app",
        "com.docker.compose.project": "demo",
    },
    MADE,
)
STRANGER = Author(OTHER, "other-web-1", {"traefik.http.routers.other.rule": "Host(`x`)"}, MADE)
FROM_LABELS = {
    "middlewares=gone": '{"routerName":"demo-app@docker","error":"middleware \\"gone@docker\\" does not exist"}',
    "entrypoints=nowhere": '{"routerName":"demo-app@docker","message":"No valid entryPoint for this router"}',
    "service=gone": '{"routerName":"demo-app@docker","error":"the service \\"gone@docker\\" does not exist"}',
    "rule=Hots(`x`)": '{"routerName":"demo-app@docker","error":"error while parsing rule: unsupported function: Hots"}',
    "tls.options=gone": '{"routerName":"demo-app@docker","error":"unknown TLS options: gone@docker"}',
    "server.port=http": '{"routerName":"demo-app@docker","error":"error parsing server URL http://192.0.2.4:http"}',
    "basicauth.users=nopassword": '{"routerName":"demo-app@docker","error":"error parsing BasicUser: nopassword"}',
    "priority=9223372036854775807": '{"routerName":"demo-app@docker","error":"the router priority exceeds the max"}',
    "no port": f'{{"providerName":"docker","container":"app-demo-{ID}","error":"service error: port is missing"}}',
    "routerz.x.rule": f'{{"providerName":"docker","container":"app-demo-{ID}","error":"field not found, node: x"}}',
    "docker.network=gone_edge": (
        f'{{"level":"warn","providerName":"docker","container":"app-demo-{ID}",'
        '"message":"Could not find network named \\"gone_edge\\" for container \\"/demo-app-1\\"."}'
    ),
    "a router twice": (
        f'{{"providerName":"docker","routerName":"demo-app","configuration":["app-demo-{ID}","web-other-{OTHER}"],'
        '"message":"HTTP router defined multiple times with different configurations"}'
    ),
    "a middleware twice": (
        f'{{"providerName":"docker","middlewareName":"demo-canonical","configuration":["app-demo-{ID}","web-{OTHER}"],'
        '"message":"HTTP middleware defined multiple times with different configurations"}'
    ),
    "two services": (
        '{"providerName":"docker","routerName":"demo-app",'
        '"message":"Router demo-app cannot be linked automatically with multiple Services: [\\"a\\" \\"b\\"]"}'
    ),
    "enable=perhaps": (
        '{"providerName":"docker","error":"decoding Docker labels: strconv.ParseBool: parsing \\"perhaps\\"",'
        '"message":"Skip container demo-app-1"}'
    ),
    "enable=perhaps, by Compose": '{"error":"decoding Docker labels: strconv","message":"Skip container app-demo"}',
    "no router named": '{"routerName":"app-demo@docker","error":"error while parsing rule (Host(``))"}',
}
FROM_FILES = {
    "not YAML": '{"providerName":"file","error":"/etc/traefik/dynamic/stack/x.yaml: yaml: line 1: did not find expected'
    ' node content","message":"Error occurred during watcher callback"}',
    "a service that is not": '{"routerName":"a@file","error":"the service \\"gone@file\\" does not exist"}',
    "a name twice": '{"level":"warn","providerName":"file","origin":"stack/x.yaml","middlewareName":"headers",'
    '"message":"HTTP middleware already configured, skipping"}',
}
OF_OTHERS = {
    "restart of the socket proxy": '{"providerName":"docker","error":"unexpected EOF","message":"Provider error,'
    ' retrying in 440ms"}',
    "its warnings": '{"level":"warn","providerName":"docker","error":"Cannot connect to the Docker daemon","message":'
    '"Failed to inspect container abc"}',
    "certresolver=gone": '{"routerName":"demo-app@docker","certificateResolver":"gone","message":"Router uses a'
    ' nonexistent certificate resolver"}',
    "an order": '{"providerName":"acme.acme","routerName":"demo-app@docker","error":"x","message":"Unable to obtain"}',
    "a certificate": '{"error":"tls: failed to find any PEM data","message":"Unable to parse certificate /g[...]em"}',
    "access log": '{"level":"info","RouterName":"demo-app@docker","msg":""}',
}


def entry(line: str) -> dict[str, Any]:
    return {"level": "error", **json.loads(line)}


@pytest.mark.parametrize("line", [*FROM_LABELS.values(), *FROM_FILES.values()], ids=[*FROM_LABELS, *FROM_FILES])
def test_what_is_not_served_tells(line: str) -> None:
    assert routers.tells(entry(line))


@pytest.mark.parametrize("line", OF_OTHERS.values(), ids=OF_OTHERS)
def test_other_trouble_does_not(line: str) -> None:
    assert not routers.tells(entry(line))


@pytest.mark.parametrize("line", FROM_LABELS.values(), ids=FROM_LABELS)
def test_a_label_is_some_containers(line: str) -> None:
    told = entry(line)
    assert routers.concerns(told, APP)
    assert routers.concerns(told, STRANGER) == ("twice" in line or OTHER in line)
    assert not routers.from_file(told)
    assert not routers.is_general(told)


@pytest.mark.parametrize("line", FROM_FILES.values(), ids=FROM_FILES)
def test_a_file_is_no_containers(line: str) -> None:
    assert routers.from_file(entry(line))
    assert not routers.concerns(entry(line), APP)


def test_an_entry_may_name_nobody() -> None:
    told = entry('{"error":"error while adding rule HostSNI(\\"\\")","message":"Error while adding route for host"}')
    assert (routers.tells(told), routers.is_general(told)) == (True, True)


def test_whoever_is_named_twice_is_known_by_the_ids() -> None:
    assert routers.ids(entry(FROM_LABELS["a router twice"])) == {ID, OTHER}
    assert routers.ids(entry(FROM_LABELS["service=gone"])) == frozenset()


def test_a_line_says_whom_what_and_why() -> None:
    assert (
        routers.line(entry(FROM_LABELS["service=gone"])) == 'demo-app@docker: the service "gone@docker" does not exist'
    )
    assert routers.line(entry(FROM_LABELS["enable=perhaps"])).startswith("Skip container demo-app-1: decoding")
