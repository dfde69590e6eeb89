from fastapi.testclient import TestClient

from main import app

client = TestClient(app)


def test_an_item_is_listed():
    client.put("/items/milk", json={"name": "milk", "amount": 2})
    assert {"name": "milk", "amount": 2} in client.get("/items").json()
