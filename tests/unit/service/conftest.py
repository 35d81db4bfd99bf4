"""A fresh platform in memory for every test."""

from __future__ import annotations

import pytest

from tests.unit.service.scene import Scene


@pytest.fixture
def scene() -> Scene:
    return Scene()
