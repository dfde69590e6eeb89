from fastapi.testclient import TestClient

from catalogue.main import app


def test_ping():
    assert TestClient(app).get("/api/monitoring/ping").json() == "pong"
