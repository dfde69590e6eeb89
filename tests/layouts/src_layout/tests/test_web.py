from fastapi.testclient import TestClient

from shop.web import app


def test_prices_have_a_currency():
    assert TestClient(app).get("/prices/bread").json()["currency"] == "EUR"
