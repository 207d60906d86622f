"""A relay that is closed after its test."""

from __future__ import annotations

import pytest

from earwitness.conformance.witnesses.relay import Relay


@pytest.fixture
def relay():
    with Relay() as made:
        yield made
