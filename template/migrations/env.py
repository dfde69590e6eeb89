"""How Alembic reaches the database: as the app does."""

import asyncio
from logging.config import fileConfig

from alembic import context
from sqlalchemy import Connection

from app.database import URL, Base, engine

if context.config.config_file_name:
    fileConfig(context.config.config_file_name, disable_existing_loggers=False)


def migrate(connection: Connection) -> None:
    """Run the migrations: all of them or, when one fails, none."""
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        context.run_migrations()


async def online() -> None:
    """Migrate the database."""
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


if context.is_offline_mode():  # alembic upgrade --sql
    context.configure(dialect_name=URL.get_dialect().name, target_metadata=Base.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    asyncio.run(online())
