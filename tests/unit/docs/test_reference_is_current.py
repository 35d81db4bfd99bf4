"""The parts of the reference that are made from the code say what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cloud import settings
from cloud.domain.errors import error_classes
from cloud.domain.events import EventType
from infra.topology import ROUTES
from tests.unit.docs import reference

HOW = "run: .venv/bin/python -m tests.unit.docs.reference"


@pytest.mark.parametrize("path", reference.pages(), ids=lambda path: path.name)
def test_a_made_part_is_what_the_code_says(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert reference.made(text) == text, HOW


def test_every_made_part_stands_on_some_page() -> None:
    found = "".join(path.read_text(encoding="utf-8") for path in reference.pages())

    assert all(f"<!-- made from the code: {name} -->" in found for name in reference.MADE)


def test_every_error_of_the_tree_stands_in_the_table() -> None:
    table = "\n".join(reference.errors())

    assert all(f"`{cls.code}`" in table for cls in error_classes() if cls.__module__ == "cloud.domain.errors")


def test_every_declared_route_has_its_section_and_no_other_has() -> None:
    sections = re.findall(r"^### `(\w+ /\S*)`$", _page("rest.md"), re.MULTILINE)

    assert sorted(sections) == sorted(f"{route.method} {route.path}" for route in ROUTES)


def test_every_event_type_is_told() -> None:
    page = _page("events.md")

    assert [kind.value for kind in EventType if f"`{kind.value}`" not in page] == []


def test_every_setting_of_the_functions_is_told() -> None:
    page = _page("configuration.md")
    known = settings.environment_of(settings.Settings(**dict.fromkeys(settings.Settings.__slots__, "x")))

    assert [variable for variable in known if f"`{variable}`" not in page] == []


def _page(name: str) -> str:
    return (reference.REFERENCE / name).read_text(encoding="utf-8")
