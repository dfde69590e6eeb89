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


HEALTH = "from fastapi import APIRouter\nrouter = APIRouter()\n" + route("@router.get('/health')")
INCLUDED = {
    "by its module": (
        "from app.routers import system\napp.include_router(system.router, prefix='/v1')\n",
        {},
        "/v1/health",
    ),
    "by its name": (
        "from app.routers.system import router\napp.include_router(router, prefix='/v1')\n",
        {},
        "/v1/health",
    ),
    "by another name": (
        "from .routers.system import router as system\napp.include_router(router=system, prefix='/v1')\n",
        {},
        "/v1/health",
    ),
    "by its full name": (
        (
            "import app.routers.system\nimport app as package\n"
            "server = FastAPI()\nserver.include_router(package.routers.system.router, prefix='/v1')\n"
        ),
        {},
        "/v1/health",
    ),
    "through a router of routers": (
        "from app.api import api\napp.include_router(api, prefix='/api')\n",
        {
            "app/api.py": "from fastapi import APIRouter\nfrom app.routers import system\n"
            "api = APIRouter(prefix='/v2')\napi.include_router(system.router, prefix='/system')\n"
        },
        "/api/v2/system/health",
    ),
    "through a package that only imports it": (
        "from app.routers import system_router\napp.include_router(system_router, prefix='/v1')\n",
        {"app/routers/__init__.py": "from .system import router as system_router\n"},
        "/v1/health",
    ),
    "in a factory": (
        (
            "from app.routers import system\ndef create_app():\n    app = FastAPI()\n"
            "    app.include_router(system.router, prefix='/v1')\n    return app\n"
        ),
        {},
        "/v1/health",
    ),
    "without a prefix": ("from app.routers import system\napp.include_router(system.router)\n", {}, "/health"),
    "with one that only running tells": (
        "from app.routers import system\napp.include_router(system.router, prefix=settings.prefix)\n",
        {},
        "/",
    ),
    "in a loop": (
        "from app.routers import system\nfor one in (system.router,):\n    app.include_router(one, prefix='/v1')\n",
        {},
        "/",
    ),
}


@pytest.mark.parametrize(("text", "more", "expected"), INCLUDED.values(), ids=INCLUDED)
def test_a_router_of_another_module_has_the_prefixes_that_it_is_included_with(
    tmp_path: Path, text: str, more: dict[str, str], expected: str
) -> None:
    package = {"app/__init__.py": "", "app/routers/__init__.py": "", "app/routers/system.py": HEALTH}
    found = detect.look(make(tmp_path, {**package, "app/main.py": APP + text, **more}))
    assert found.health_path == expected
    assert found.health_hidden == ("app/routers/system.py, line 3 ends in /health" if expected == "/" else "")


def test_a_router_that_is_included_in_itself_is_nowhere(tmp_path: Path) -> None:
    text = ROUTER + route("@router.get('/health')") + "router.include_router(router, prefix='/v1')\n"
    assert detect.look(make(tmp_path, {"main.py": APP + text})).health_path == "/"


def test_routers_of_the_same_name_in_two_apps_are_two(tmp_path: Path) -> None:
    main = APP + "from system import router\napp.include_router(router, prefix='/{}')\n"
    for name in ("one", "two"):
        make(tmp_path, {f"{name}/main.py": main.format(name), f"{name}/system.py": HEALTH})
    assert detect.look(tmp_path).health_path == "/one/health"


def test_without_a_route_no_place_is_named(tmp_path: Path) -> None:
    assert detect.look(make(tmp_path, {"main.py": APP})).health_where == ""
