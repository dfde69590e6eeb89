import sqlite3
from pathlib import Path

from fastapi import FastAPI, UploadFile

sqlite_file_name = "database.db"

app = FastAPI()
Path("uploads").mkdir(exist_ok=True)


def database():
    connection = sqlite3.connect("database.db")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE IF NOT EXISTS note (text TEXT)")
    return connection


@app.get("/")
def notes():
    with database() as connection:
        return {"shape": "sqlite", "notes": [row[0] for row in connection.execute("SELECT text FROM note")]}


@app.get("/add/{text}")
def add(text: str):
    with database() as connection:
        connection.execute("INSERT INTO note VALUES (?)", (text,))
    (Path("uploads") / text).write_text(text)
    return {"files": sorted(path.name for path in Path("uploads").iterdir())}
