"""A fresh platform in memory for every test."""

from __future__ import annotations

import pytest

from tests.unit.service.scene import Scene
from tests.unit.service.world import World, make_world


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture
def world(scene: Scene) -> World:
    return make_world(scene)
