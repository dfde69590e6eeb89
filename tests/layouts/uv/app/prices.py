from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from prometheus_client import Counter
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlmodel import Field, Session, SQLModel, create_engine


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_file=".env", extra="ignore")

    database_url: str = "postgresql+psycopg://pricing@localhost/pricing"


class Price(SQLModel, table=True):
    article: str = Field(primary_key=True)
    cents: int


ASKED = Counter("prices_asked", "How often a price was asked for", ["article"])
engine = create_engine(Settings().database_url)
router = APIRouter(prefix="/prices")


def session():
    with Session(engine) as one:
        yield one


@router.get("/{article}")
def price(article: str, db: Annotated[Session, Depends(session)]) -> Price:
    ASKED.labels(article).inc()
    if found := db.get(Price, article):
        return found
    raise HTTPException(404)
