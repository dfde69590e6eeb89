import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel
from pydantic_settings import BaseSettings

BASE_DIR = Path(__file__).resolve().parent
DATABASE = BASE_DIR / "data" / "items.db"


class Settings(BaseSettings):
    title: str = "Shopping list"


class Item(BaseModel):
    name: str
    amount: int = 1


app = FastAPI(title=Settings().title)


def database() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(DATABASE)
    try:
        connection.execute("CREATE TABLE IF NOT EXISTS items (name TEXT PRIMARY KEY, amount INTEGER)")
        yield connection
        connection.commit()
    finally:
        connection.close()


Database = Annotated[sqlite3.Connection, Depends(database)]


@app.get("/items")
def items(db: Database) -> list[Item]:
    return [Item(name=name, amount=amount) for name, amount in db.execute("SELECT name, amount FROM items")]


@app.put("/items/{name}")
def put(name: str, item: Item, db: Database) -> Item:
    db.execute("INSERT OR REPLACE INTO items VALUES (?, ?)", (name, item.amount))
    return item


@app.delete("/items/{name}", status_code=204)
def delete(name: str, db: Database) -> None:
    if not db.execute("DELETE FROM items WHERE name = ?", (name,)).rowcount:
        raise HTTPException(404)


if __name__ == "__main__":
    import uvicorn

    uvicorn.run("main:app", reload=True)
