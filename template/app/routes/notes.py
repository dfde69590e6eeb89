"""Notes, in PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, StringConstraints
from sqlalchemy import select, text

from app.database import Note, engine, sessions


class NewNote(BaseModel):
    """A note as it comes in. PostgreSQL cannot store the character NUL."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=r"^[^\x00]*$")]


class StoredNote(NewNote):
    """A note as it was stored."""

    model_config = ConfigDict(from_attributes=True)
    id: int


@asynccontextmanager
async def lifespan(_router: APIRouter) -> AsyncIterator[None]:
    """Close the connections when the server stops; they are opened when they are needed."""
    yield
    await engine.dispose()


router = APIRouter(lifespan=lifespan)


@router.get("/notes")
async def read_notes() -> list[StoredNote]:
    """Return the newest hundred notes."""
    async with sessions() as session:
        found = await session.scalars(select(Note).order_by(Note.id.desc()).limit(100))
        return [StoredNote.model_validate(note) for note in found]


@router.post("/notes", status_code=201)
async def write_note(new: NewNote) -> StoredNote:
    """Keep a note. It is on the disk before this answers."""
    async with sessions.begin() as session:
        note = Note(text=new.text)
        session.add(note)
    return StoredNote.model_validate(note)


async def problem() -> str:
    """Return why the database cannot be used; empty when it can. Everybody may read it: a name, and no more."""
    try:
        async with asyncio.timeout(5), engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
    except Exception as error:  # whatever it is, this worker cannot do its work
        cause: BaseException = error
        while cause.__cause__:  # SQLAlchemy wraps what the driver says
            cause = cause.__cause__
        return type(cause).__name__
    return ""
