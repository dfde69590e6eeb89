from fastapi import FastAPI
from redis.asyncio import Redis

from .config import Settings
from .routes import router


def create_app(settings: Settings | None = None) -> FastAPI:
    settings = settings or Settings()
    app = FastAPI(title="Queue")
    app.state.settings = settings
    app.state.redis = Redis.from_url(settings.redis_url)
    app.include_router(router, prefix="/v1")
    return app
