"""A count of visits, in Redis."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter
from redis.asyncio import Redis

# A pool of connections for each worker, opened when they are needed.
redis = Redis.from_url(os.environ["REDIS_URL"], max_connections=50, socket_connect_timeout=5, socket_timeout=5)


@asynccontextmanager
async def lifespan(_router: APIRouter) -> AsyncIterator[None]:
    """Close the connections when the server stops."""
    yield
    await redis.aclose()


router = APIRouter(lifespan=lifespan)


@router.get("/visits")
async def visit() -> dict[str, int]:
    """Count this visit."""
    return {"visits": await redis.incr("visits")}


async def problem() -> str:
    """Return why Redis cannot be used; empty when it can. Everybody may read it: a name, and no more."""
    try:
        await redis.ping()
    except Exception as error:  # whatever it is, this worker cannot do its work
        return type(error).__name__
    return ""
