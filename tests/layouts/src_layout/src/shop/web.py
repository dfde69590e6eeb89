from fastapi import FastAPI

from shop import pictures
from shop.settings import settings

app = FastAPI(title="Shop")
app.include_router(pictures.router)


@app.get("/healthz", include_in_schema=False)
def healthz() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/prices/{article}")
def price(article: str) -> dict[str, str]:
    return {"article": article, "currency": settings.currency}
