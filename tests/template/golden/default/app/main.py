"""An example to begin with: replace it with your own app."""

from typing import Annotated

from fastapi import FastAPI, Query

app = FastAPI(title="Example")


@app.get("/")
async def root() -> dict[str, str]:
    """Say hello."""
    return {"message": "Hello from FastAPI"}


@app.get("/items/{item_id}")
async def read_item(item_id: int, q: Annotated[str | None, Query(max_length=100)] = None) -> dict[str, int | str | None]:
    """Return what was asked for."""
    return {"item_id": item_id, "q": q}


@app.get("/healthz", include_in_schema=False)
async def healthz() -> dict[str, str]:
    """Tell the container's healthcheck that this worker answers."""
    return {"status": "ok"}
