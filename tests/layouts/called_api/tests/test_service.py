from fastapi.testclient import TestClient

from weather.service import api


def test_it_lives():
    assert TestClient(api).get("/livez").status_code == 200
