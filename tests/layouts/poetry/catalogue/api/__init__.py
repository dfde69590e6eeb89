from fastapi import APIRouter

from catalogue.api import articles, monitoring

api_router = APIRouter()
api_router.include_router(articles.router, prefix="/articles", tags=["articles"])
api_router.include_router(monitoring.router, prefix="/monitoring", tags=["monitoring"])
