"""Which route says that the app is well."""

import itertools
from pathlib import Path

import pytest

from scaffold import detect
from scaffold.detect.health import NAMES

from .folders import APP, make

ROUTER = "from fastapi import APIRouter\nrouter = APIRouter(prefix='/api')\n"


def route(*lines: str) -> str:
    return "".join(f"{line}\ndef f{number}(): ...\n" for number, line in enumerate(lines))


ROUTES = {
    "get": (APP + route("@app.get('/healthz')"), "/healthz"),
    "any path before": (APP + route("@app.get('/api/v1/health')"), "/api/v1/health"),
    "slash at the end": (APP + route("@app.get('/health/')"), "/health/"),
    "underscore": (APP + route("@app.get('/_health')"), "/_health"),
    "hyphen": (APP + route("@app.get('/health-check')"), "/health-check"),
    "by keyword": (APP + route("@app.get(path='/ping')"), "/ping"),
    "api_route": (APP + route("@app.api_route('/ping', methods=['HEAD', 'GET'])"), "/ping"),
    "api_route for others": (APP + route("@app.api_route('/ping', methods=['POST'])"), "/"),
    "add_api_route": (APP + "app.add_api_route('/ping', f)\n", "/ping"),
    "post": (APP + route("@app.post('/ping')"), "/"),
    "asked of another": (APP + "client.get('/ping')\n", "/"),
    "longer word": (APP + route("@app.get('/pings')", "@app.get('/shipping')"), "/"),
    "with a parameter": (APP + route("@app.get('/{shop}/health')"), "/"),
    "with a space": (APP + route("@app.get('/a b/health')"), "/"),
    "with a line break": (APP + route("@app.get('/health\\n')"), "/"),
    "router": (ROUTER + route("@router.get('/health')"), "/api/health"),
    "router with a constant prefix": (
        "from fastapi import APIRouter\nV1 = '/v1'\nrouter = APIRouter(prefix=V1)\n" + route("@router.get('/health')"),
        "/v1/health",
    ),
    "router with an unknown prefix": (
        "from fastapi import APIRouter\nrouter = APIRouter(prefix=settings.v1)\n" + route("@router.get('/health')"),
        "/",
    ),
    "router that is included with a prefix": (
        APP + ROUTER + route("@router.get('/health')") + "app.include_router(router, prefix='/v1')\n",
        "/v1/api/health",
    ),
    "router that is included without one": (
        APP + ROUTER + route("@router.get('/health')") + "app.include_router(router)\n",
        "/api/health",
    ),
    "mounted app": (
        APP + "sub = FastAPI()\n" + route("@sub.get('/health')") + "app.mount('/sub', sub)\n",
        "/sub/health",
    ),
    "the shorter of two": (APP + route("@app.get('/orders/status')", "@app.get('/status')"), "/status"),
    "none": (APP, "/"),
}


@pytest.mark.parametrize(("text", "expected"), ROUTES.values(), ids=ROUTES)
def test_a_health_route_is_found(tmp_path: Path, text: str, expected: str) -> None:
    assert detect.look(make(tmp_path, {"main.py": text})).health_path == expected


@pytest.mark.parametrize(("better", "worse"), list(itertools.pairwise(NAMES)))
def test_the_more_telling_name_is_taken(tmp_path: Path, better: str, worse: str) -> None:
    text = APP + route(f"@app.get('/{worse}')", f"@app.get('/deep/down/{better}')")
    found = detect.look(make(tmp_path, {"main.py": text}))
    assert (found.health_path, found.health_where) == (f"/deep/down/{better}", "main.py, line 6")


def test_without_a_route_no_place_is_named(tmp_path: Path) -> None:
    assert detect.look(make(tmp_path, {"main.py": APP})).health_where == ""
