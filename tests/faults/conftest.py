"""What the tests of faults share: the record of what was measured."""

from __future__ import annotations

import pytest

from faults.rows import Measured


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Measured:
    """Record what was measured, for the table."""

    def record(text: str) -> None:
        request.node.user_properties.append(("measured", text))
        print(text)

    return record


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if (mark := item.get_closest_marker("fault")) is not None:
            item.user_properties.append(("row", mark.args))
