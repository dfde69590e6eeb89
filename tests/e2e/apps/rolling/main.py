"""Tells its version, and has each kind of request that a new version must not cut off."""

import asyncio
import os
import time
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Body, FastAPI, WebSocket, WebSocketDisconnect
from fastapi.responses import StreamingResponse

VERSION = "1"


@asynccontextmanager
async def lifespan(app: FastAPI):
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/")
async def root():
    return {"version": VERSION}


@app.get("/health")
async def health():
    return {"status": "ok"}


@app.get("/shelf/")
async def shelf():
    """At a path that ends in a slash: asked for without it, a redirect answers."""
    return {"version": VERSION}


@app.post("/echo")
async def echo(body: Any = Body()):
    return {"version": VERSION, "echo": body}


@app.get("/slow")
async def slow(seconds: float):
    await asyncio.sleep(seconds)
    return {"version": VERSION}


@app.get("/block")
async def block(until: float):
    """Let this worker do nothing else until a moment on the clock; whoever asks later is answered at once."""
    begun = time.monotonic()
    time.sleep(max(0.0, until - time.time()))
    return {"version": VERSION, "worker": os.getpid(), "seconds": time.monotonic() - begun}


@app.get("/events")
async def events():
    async def told():
        while True:
            yield f"data: {VERSION}\n\n"
            await asyncio.sleep(0.5)

    return StreamingResponse(told(), media_type="text/event-stream")


@app.websocket("/ws")
async def socket(socket: WebSocket):
    await socket.accept()
    await socket.send_text(VERSION)
    try:
        while True:
            await socket.receive_text()
    except WebSocketDisconnect:
        pass
