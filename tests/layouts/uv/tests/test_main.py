from fastapi.testclient import TestClient

from app.main import app


def test_it_lives():
    assert TestClient(app).get("/health/live").json() == {"live": True}
