"""What the documents name exists: files, headings, commands, make targets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.docs.reference import ROOT, command_line, walk

DOCUMENTS = sorted(
    path
    for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "statemachine" / "README.md")
    if path.is_file()
)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^(?:```.*?^```|    \S.*?$)", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
COMMAND = re.compile(r"^(?:\$ )?(?:\.venv/bin/)?cloud ((?:--?\S+ )*)([a-z][a-z-]*)(?: ([a-z][a-z-]*))?")
MAKE = re.compile(r"\bmake ([a-z][a-z-]*)")

documents = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


@documents
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lost = [link for link in LINK.findall(_without_code(text)) if "://" not in link and not _resolves(path, link)]

    assert lost == []


@documents
def test_every_command_that_is_named_exists(path: Path) -> None:
    known = {name for name, _ in walk(command_line())}
    groups = {name for name, command in walk(command_line()) if hasattr(command, "commands")}
    unknown = []
    for _, first, second in _commands(path.read_text(encoding="utf-8")):
        name = f"cloud {first}"
        if name not in known or (name in groups and second and f"{name} {second}" not in known):
            unknown.append(f"{name} {second}".strip())

    assert unknown == []


@documents
def test_every_make_target_that_is_named_exists(path: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    code = "\n".join(_code(path.read_text(encoding="utf-8")))

    assert [name for name in MAKE.findall(code) if name not in targets] == []


def test_every_decision_is_in_the_index() -> None:
    folder = ROOT / "docs" / "adr"
    index = (folder / "README.md").read_text(encoding="utf-8")
    decisions = sorted(path.name for path in folder.glob("[0-9]*.md"))

    assert [name for name in decisions if f"({name})" not in index] == []
    assert [name[:4] for name in decisions] == [f"{number:04}" for number in range(1, len(decisions) + 1)]


def test_what_is_looked_for_is_found_in_the_documents() -> None:
    """The patterns above would pass on anything if they matched nothing."""
    text = "Run `cloud local start`, then:\n\n```\n$ cloud --yes deploy D1BRV40\n$ make demo\n```\n"

    assert [(first, second) for _, first, second in _commands(text)] == [("deploy", ""), ("local", "start")]
    assert MAKE.findall("\n".join(_code(text))) == ["demo"]


def _code(text: str) -> Iterator[str]:
    """Lines of code blocks, and what stands in backticks."""
    for block in FENCE.findall(text):
        yield from block.splitlines()
    yield from INLINE.findall(FENCE.sub("", text))


def _commands(text: str) -> Iterator[tuple[str, str, str]]:
    for line in _code(text):
        match = COMMAND.match(line.strip())
        if match:
            yield match[1], match[2], match[3] or ""


def _without_code(text: str) -> str:
    return INLINE.sub("", FENCE.sub("", text))


def _resolves(path: Path, link: str) -> bool:
    target, _, anchor = link.partition("#")
    file = (path.parent / target).resolve() if target else path
    if not file.exists():
        return False
    return not anchor or anchor in _anchors(file.read_text(encoding="utf-8"))


def _anchors(text: str) -> set[str]:
    """The anchors of headings, as Git hosts make them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}
