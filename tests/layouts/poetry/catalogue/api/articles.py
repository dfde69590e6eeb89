import httpx
from fastapi import APIRouter
from redis.asyncio import Redis

from catalogue.settings import settings

router = APIRouter()


@router.get("/{number}")
async def article(number: int) -> dict[str, str]:
    async with Redis.from_url(settings().cache_url) as cache, httpx.AsyncClient() as client:
        if known := await cache.get(f"article:{number}"):
            return {"name": known.decode()}
        answer = await client.get(f"{settings().supplier}/articles/{number}")
        await cache.set(f"article:{number}", answer.text, ex=3600)
        return {"name": answer.text}
