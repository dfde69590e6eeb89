from fastapi import FastAPI
from sqlalchemy import create_engine, text

from app.settings import settings

engine = create_engine(settings.database_url)
app = FastAPI(title="Invoices")


@app.get("/status")
def status() -> dict[str, bool]:
    with engine.connect() as connection:
        return {"database": connection.execute(text("SELECT 1")).scalar() == 1}


@app.get("/invoices/open")
def unpaid() -> int:
    with engine.connect() as connection:
        return connection.execute(text("SELECT count(*) FROM invoices WHERE paid IS NULL")).scalar_one()
