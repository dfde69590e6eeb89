import pytest
from fastapi.testclient import TestClient

from jobs.config import Settings
from jobs.factory import create_app


@pytest.fixture
def client():
    with TestClient(create_app(Settings(queue="test"))) as client:
        yield client
