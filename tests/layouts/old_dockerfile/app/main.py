from fastapi import FastAPI
from sqlalchemy.orm import sessionmaker

from app.models import Member, engine

app = FastAPI()
Session = sessionmaker(bind=engine)


@app.on_event("startup")
def startup():
    engine.connect().close()


@app.get("/members")
def members():
    return [member.name for member in Session().query(Member)]


@app.get("/health-check")
def health_check():
    return {"ok": True}
