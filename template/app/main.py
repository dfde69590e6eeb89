"""An example to begin with: replace it with your own app."""

from importlib import import_module
from pkgutil import iter_modules
from typing import Annotated, Any

from fastapi import FastAPI, Query, Response

from app import routes

# Every module in app/routes is part of the app: its `router` and, if it has one, `problem`, which tells what it misses.
ROUTES: list[Any] = [import_module(f"{routes.__name__}.{found.name}") for found in iter_modules(routes.__path__)]

app = FastAPI(title="Example")
for module in ROUTES:
    app.include_router(module.router)


@app.get("/")
async def root() -> dict[str, str]:
    """Say hello."""
    return {"message": "Hello from FastAPI"}


@app.get("/items/{item_id}")
async def read_item(
    item_id: int, q: Annotated[str | None, Query(max_length=100)] = None
) -> dict[str, int | str | None]:
    """Return what was asked for."""
    return {"item_id": item_id, "q": q}


@app.get("/healthz", include_in_schema=False)
async def healthz(response: Response) -> dict[str, str]:
    """Tell the container's healthcheck whether this worker can do its work."""
    judges = {module.__name__.rpartition(".")[2]: module.problem for module in ROUTES if hasattr(module, "problem")}
    missing = {name: problem for name, judge in judges.items() if (problem := await judge())}
    response.status_code = 503 if missing else 200
    return missing or {"status": "ok"}
