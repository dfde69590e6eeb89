from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.db import engine
from app.routers import rooms, system


@asynccontextmanager
async def lifespan(app: FastAPI):
    yield
    await engine.dispose()


app = FastAPI(title="Meeting rooms", lifespan=lifespan)
app.include_router(rooms.router, prefix="/api/v1")
app.include_router(system.router, prefix="/api/v1")
