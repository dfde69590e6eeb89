"""An app whose answers cost little: what is measured is what stands before it."""

import os
from contextlib import asynccontextmanager

import asyncpg
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, Response

VERSION = "1"
LARGE = b"x" * 100_000


@asynccontextmanager
async def lifespan(app: FastAPI):
    url = os.environ.get("DATABASE_URL", "")
    app.state.pool = await asyncpg.create_pool(url, min_size=4, max_size=4) if url else None
    yield
    if app.state.pool:
        await app.state.pool.close()


app = FastAPI(lifespan=lifespan)


@app.get("/")
async def root():
    return {"version": VERSION}


@app.get("/health")
async def health():
    return {"status": "ok"}


@app.get("/plain", response_class=PlainTextResponse)
async def plain():
    return "hello, world"


@app.get("/large")
async def large():
    return Response(LARGE, media_type="application/octet-stream")


@app.get("/rows")
async def rows(request: Request):
    found = await request.app.state.pool.fetch(
        "SELECT number, number * number AS square FROM generate_series(1, 20) number"
    )
    return [dict(row) for row in found]
