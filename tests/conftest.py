"""Policy of the tests.

``unit`` opens no socket; ``contract`` checks rules of the code base; ``service`` talks to the real OpenSearch and
Redis; ``e2e`` drives the program as a user would. The engines are started once a run, in a data folder of their own:
``CREATORSCOPE_OPENSEARCH_URL`` and ``CREATORSCOPE_REDIS_URL`` name others, ``CREATORSCOPE_TEST_ENGINE=docker`` starts
containers. Every installation under test has a prefix of its own and is swept at the end; nothing is mocked that can
run. Tables that nobody here wrote are read from ``CREATORSCOPE_TEST_DATA``; without it those tests are skipped, and
the summary counts them.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from pytest_socket import disable_socket, enable_socket

pytest_plugins = ["tests.fixtures.engines", "tests.fixtures.installations", "tests.fixtures.simulated"]

# A busy machine is slow: how long one example takes says nothing about whether the code is right.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# The same examples on every run (`--hypothesis-profile=repeatable`): a gate judges the change, not the dice; the other
# runs look for new ones, and what they find is kept as an example.
settings.register_profile("repeatable", settings.get_profile("patient"), derandomize=True)
settings.load_profile("patient")

TESTS = Path(__file__).parent
NEEDS_ENGINES = ("service", "e2e")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.relative_to(TESTS).parts[0] in NEEDS_ENGINES:
            item.add_marker(pytest.mark.engines)
        if "bundled" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.bundled)
    # Cheap tests first: a broken rule is known before an engine has started.
    order = {"unit": 0, "contract": 1, "service": 2, "e2e": 3}
    items.sort(key=lambda item: order.get(item.path.relative_to(TESTS).parts[0], 4))


@pytest.fixture(autouse=True)
def _no_sockets_in_unit_tests(request: pytest.FixtureRequest):
    if request.path.relative_to(TESTS).parts[0] != "unit":
        yield
        return
    disable_socket(allow_unix_socket=True)  # event loops wake themselves through one
    yield
    enable_socket()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    without_data = [
        report
        for report in terminalreporter.stats.get("skipped", [])
        if "CREATORSCOPE_TEST_DATA" in str(report.longrepr)
    ]
    terminalreporter.write_line(f"tests skipped for lack of CREATORSCOPE_TEST_DATA: {len(without_data)}")
