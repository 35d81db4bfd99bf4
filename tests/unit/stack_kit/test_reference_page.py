"""The reference page of the kit names all of it, and nothing that isn't there."""

from __future__ import annotations

import re
from pathlib import Path

import cloud_stack

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "kit.md"


def test_every_public_name_is_on_the_page_and_every_name_on_it_is_public() -> None:
    rows = re.findall(r"^\| (.+?) \| ", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)", row)}

    assert named == set(cloud_stack.__all__)
