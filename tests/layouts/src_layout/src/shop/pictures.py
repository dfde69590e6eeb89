from pathlib import Path
from uuid import uuid4

from fastapi import APIRouter, HTTPException, UploadFile

from .settings import settings

UPLOADS = Path("uploads")
UPLOADS.mkdir(exist_ok=True)

router = APIRouter(prefix="/pictures")


@router.post("", status_code=201)
async def upload(file: UploadFile) -> dict[str, str]:
    content = await file.read()
    if len(content) > settings.max_picture:
        raise HTTPException(413)
    name = f"{uuid4().hex}.jpg"
    (UPLOADS / name).write_bytes(content)
    return {"name": name}
