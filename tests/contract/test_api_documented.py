"""Routes, metrics and error codes of the program are those that docs/api.md lists."""

from __future__ import annotations

import re
from pathlib import Path

from api.app import create_app
from creators import telemetry
from creators.settings import Settings
from search.filters import Filters
from search.request import SearchRequest

API = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")


def _documented_routes() -> set[tuple[str, str]]:
    return set(re.findall(r"^\| `(GET|POST|DELETE) (/[^`?]*)`", API, flags=re.MULTILINE))


def test_every_route_is_documented_and_every_documented_route_exists():
    paths = create_app(Settings()).openapi()["paths"]
    served = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert served == _documented_routes()


def test_every_metric_is_documented_and_every_documented_metric_exists():
    # The client library cuts "_total" off a counter's own name.
    named = {
        f"{metric._name}_total" if metric._type == "counter" else metric._name
        for metric in vars(telemetry).values()
        if hasattr(metric, "_name") and hasattr(metric, "_type")
    }
    assert named == set(re.findall(r"^\| `(creatorscope_\w+)` \|", API, flags=re.MULTILINE))


def test_every_field_of_a_search_is_documented():
    for field in SearchRequest.model_fields:
        assert f"`{field}`" in API, field
    for field in Filters.model_fields:
        assert f"`filters.{field}`" in API or f"`.{field}`" in API, field
