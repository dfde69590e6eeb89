def test_the_oldest_comes_first(client):
    client.post("/v1/jobs", content=b"one")
    client.post("/v1/jobs", content=b"two")
    assert client.get("/v1/jobs/next").content == b"one"
