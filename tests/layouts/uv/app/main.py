from fastapi import FastAPI
from prometheus_client import make_asgi_app

from app.prices import router

app = FastAPI(title="Pricing")
app.mount("/metrics", make_asgi_app())
app.include_router(router)


@app.get("/health/live")
def live() -> dict[str, bool]:
    return {"live": True}
