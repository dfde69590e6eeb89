import asyncio
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.responses import StreamingResponse


@asynccontextmanager
async def lifespan(app: FastAPI):
    print("shop opens", flush=True)
    yield
    print("shop closes", flush=True)


shop = FastAPI(lifespan=lifespan)


@shop.get("/")
async def root():
    return {"shape": "single"}


@shop.get("/stream")
async def stream():
    async def ticks():
        while True:
            yield "tick\n"
            await asyncio.sleep(0.1)

    return StreamingResponse(ticks(), media_type="text/plain")
