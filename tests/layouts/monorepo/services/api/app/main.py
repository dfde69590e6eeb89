from fastapi import FastAPI
from pydantic_settings import BaseSettings
from sqlalchemy import create_engine, text


class Settings(BaseSettings):
    database_url: str = "postgresql+psycopg://bikes@localhost/bikes"


engine = create_engine(Settings().database_url)
app = FastAPI(title="Bikes", root_path="/api")


@app.get("/bikes")
def bikes() -> list[str]:
    with engine.connect() as connection:
        return list(connection.execute(text("SELECT name FROM bikes")).scalars())


@app.get("/healthz")
def healthz() -> str:
    return "ok"
