"""Small folders to look at."""

from pathlib import Path

from hypothesis import settings

APP = "from fastapi import FastAPI\n\napp = FastAPI()\n"

drawn = settings(max_examples=60, deadline=None, derandomize=True, database=None)


def make(root: Path, files: dict[str, str]) -> Path:
    """Write files, and the folders they need."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return root
