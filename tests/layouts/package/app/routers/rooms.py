from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy import String, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, session

router = APIRouter(prefix="/rooms", tags=["rooms"])


class Room(Base):
    __tablename__ = "rooms"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))


@router.get("")
async def rooms(db: Annotated[AsyncSession, Depends(session)]) -> list[str]:
    return list(await db.scalars(select(Room.name).order_by(Room.name)))
