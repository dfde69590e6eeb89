from fastapi import FastAPI

from catalogue.api import api_router

app = FastAPI(title="Catalogue")
app.include_router(api_router, prefix="/api")
