"""docs/reliability.md names every fault, and every test that it names exists."""

from __future__ import annotations

import re

from tests.faults.document import PAGE, page
from tests.faults.named import NAMED

ROOT = PAGE.parents[1]
NAMED_TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def test_the_tables_are_those_of_the_named_faults() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert page(text) == text, "write them again: python -m tests.faults.document"


def test_every_fault_has_a_name_of_its_own() -> None:
    names = [fault.name for fault in NAMED]
    assert sorted(set(names)) == sorted(names)


def test_every_test_that_is_named_exists() -> None:
    named = NAMED_TEST.findall(PAGE.read_text(encoding="utf-8"))
    assert len(named) > 15
    for path, test in named:
        source = (ROOT / path).read_text(encoding="utf-8")
        assert not test or re.search(rf"^(?:async )?def {test}\(", source, re.MULTILINE), f"{path}::{test}"
