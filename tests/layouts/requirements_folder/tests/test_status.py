from app.main import app


def test_there_is_a_status():
    assert "/status" in {route.path for route in app.routes}
