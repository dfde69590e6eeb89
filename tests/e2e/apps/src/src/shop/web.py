from fastapi import FastAPI

from .words import SHAPE

api = FastAPI()


@api.get("/")
def root():
    return {"shape": SHAPE}


@api.get("/health")
def health():
    return {"ok": True}
