from __future__ import annotations


def test_a_search_answers(client):
    answer = client.post("/v1/creators/search", json={"text": "football", "limit": 3, "explain": True})
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["hits"]) == 3
