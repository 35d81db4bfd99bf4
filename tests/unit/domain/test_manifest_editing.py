"""A stack is added to a manifest's text, and nothing else of it changes."""

from __future__ import annotations

import pytest

from cloud.domain.document_reader import read_document
from cloud.domain.errors import AlreadyExists, ConfigurationError, InternalError
from cloud.domain.manifest_editing import add_stack, entry_text

HEAD = """\
version: 1
deployment: {id: D1BRV40, org: acme, project: stacks}  # not these
environments:
  dev: {account: "111111111111", region: us-east-1}

"""
ENTRY = {"source": "stacks/notes", "dependencies": []}
LINES = "  notes:\n    source: stacks/notes\n    dependencies: []\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("stacks:\n  network: {}\n", f"stacks:\n  network: {{}}\n{LINES}"),
        ("stacks:\n  network: {}", f"stacks:\n  network: {{}}\n{LINES}"),
        (
            "stacks:\n  network: {}  # c\n# p\npolicy: {}\n",
            f"stacks:\n  network: {{}}  # c\n{LINES}# p\npolicy: {{}}\n",
        ),
        (
            "stacks:\n  # a\n  aa: {}\n\n  # b\n  bb: {}\n",
            f"stacks:\n  # a\n  aa: {{}}\n\n  # b\n  bb: {{}}\n\n{LINES}",
        ),
        (
            "stacks:\n  aa:\n    config:\n      x: 'y\n\n        z'\n",
            f"stacks:\n  aa:\n    config:\n      x: 'y\n\n        z'\n{LINES}",
        ),
        (
            "stacks:\n  aa:\n    config:\n      x: |\n        y\n\n\n",
            f"stacks:\n  aa:\n    config:\n      x: |\n        y\n\n\n{LINES}",
        ),
        (
            "stacks:\n  aa:\n    dependencies:\n    - bb\n  bb: {}\n\n",
            f"stacks:\n  aa:\n    dependencies:\n    - bb\n  bb: {{}}\n{LINES}\n",
        ),
        (
            "stacks:\n  aa: {config: {x: &x 1,\n    y: *x}}\n",
            f"stacks:\n  aa: {{config: {{x: &x 1,\n    y: *x}}}}\n{LINES}",
        ),
        (
            "stacks:\n  aa: {config: &x {}}\n  bb: {config: *x}\n",
            f"stacks:\n  aa: {{config: &x {{}}}}\n  bb: {{config: *x}}\n{LINES}",
        ),
        ("stacks: {}\npolicy: {}\n", f"stacks:\n{LINES}policy: {{}}\n"),
        ("stacks: {}", f"stacks:\n{LINES.rstrip()}"),
        ("stacks:\n    aa: {}\n", "stacks:\n    aa: {}\n" + "".join(f"  {line}\n" for line in LINES.splitlines())),
        (
            "stacks:\r\n  aa: {}\r\npolicy: {}\r\n",
            "stacks:\r\n  aa: {}\r\n" + LINES.replace("\n", "\r\n") + "policy: {}\r\n",
        ),
    ],
)
def test_the_entry_stands_below_the_last_stack(before: str, after: str) -> None:
    edited = add_stack(HEAD + before, "notes", ENTRY, file="m")
    assert edited == HEAD + after
    assert read_document(edited, file="m").value["stacks"]["notes"] == ENTRY


def test_values_of_any_kind_are_written_so_that_they_are_read_as_they_are() -> None:
    entry = {
        "source": "stacks/notes",
        "dependencies": ["network"],
        "enabled": True,
        "config": {
            "a": "{{stack.network.vpcId}}",
            "yes": "no",
            "number": "0123",
            "n": 1.5,
            "text": "with: colon # and 'quotes' \"",
            "null": None,
            "empty": "",
            "last": "1.2.3.",
            "list": [{"x": "y"}, []],
            "long": "x" * 90,
        },
        "timeout": "30m",
    }
    edited = add_stack(f"{HEAD}stacks:\n  network: {{}}\n", "notes", entry, file="m")
    assert read_document(edited, file="m").value["stacks"]["notes"] == entry
    assert "    config:\n      a: " in edited
    assert max(map(len, edited.splitlines())) < 120


def test_an_entry_without_anything_is_an_empty_map() -> None:
    assert entry_text("notes", {}) == "  notes: {}\n"


def test_a_stack_that_is_there_is_a_conflict() -> None:
    with pytest.raises(AlreadyExists, match="has a stack notes already"):
        add_stack(f"{HEAD}stacks:\n  notes: {{}}\n", "notes", ENTRY, file="m")


def test_a_manifest_with_problems_is_not_touched() -> None:
    with pytest.raises(ConfigurationError, match="one problem"):
        add_stack(f"{HEAD}stacks:\n  network: {{x: 1}}\n", "notes", ENTRY, file="m")


def test_an_entry_that_would_bring_problems_is_refused() -> None:
    with pytest.raises(ConfigurationError) as caught:
        add_stack(f"{HEAD}stacks:\n  network: {{}}\n", "notes", {**ENTRY, "dependencies": ["netwrk"]}, file="m")
    assert caught.value.problems[0].suggestion == "did you mean 'network'?"


def test_stacks_in_braces_are_left_to_a_person_who_is_told_what_to_write() -> None:
    with pytest.raises(ConfigurationError) as caught:
        add_stack(f"{HEAD}stacks: {{network: {{}}}}\n", "notes", ENTRY, file="m")
    assert caught.value.hint.endswith(LINES)


def test_what_would_be_read_otherwise_is_not_written() -> None:
    with pytest.raises(InternalError, match="notes could not be added"):
        add_stack(f"{HEAD}stacks:\n  network: {{}}\n", "notes", {**ENTRY, "dependencies": ("network",)}, file="m")
