"""PostgreSQL: a pool of connections for each worker, and the tables."""

import os

from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

# DATABASE_URL is for every driver; SQLAlchemy wants to know which.
URL = make_url(os.environ["DATABASE_URL"]).set(drivername="postgresql+asyncpg")

# All workers of all containers together have to stay below the 100 connections that PostgreSQL takes. A connection
# that died with a restart of the database is noticed before it is used (pool_pre_ping).
engine = create_async_engine(URL, pool_size=5, max_overflow=0, pool_pre_ping=True, connect_args={"timeout": 5})
sessions = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    """What migrations/ compares the database with."""


class Note(Base):
    """One note."""

    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]
