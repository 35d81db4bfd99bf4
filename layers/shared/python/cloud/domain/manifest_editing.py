"""A stack added to the text of a manifest, of which every other character stays: comments, order, quotes.

The entry is written below the last one. What comes out is read again, and has to be what was there and the stack.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from cloud.domain.document_reader import read_document
from cloud.domain.errors import AlreadyExists, ConfigurationError, InternalError
from cloud.domain.manifest_parsing import check_manifest, manifest_error
from cloud.domain.template_quoting import flow

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WIDTH = 110


def add_stack(text: str, name: str, entry: Mapping[str, Any], *, file: str) -> str:
    """The manifest with the stack. ``entry`` is what stands below its name, as JSON.

    Raises ConfigurationError for a manifest that has problems, or would have them; AlreadyExists when it has the stack.
    """
    before = check_manifest(text, file=file)
    if before.manifest is None:
        raise manifest_error(before.problems, file=file)
    if name in before.manifest.stacks:
        raise AlreadyExists(f"{file} has a stack {name} already.", hint="Choose another name.", stack=name)
    edited = _insert(text, name, entry, file)
    after = check_manifest(edited, file=file)
    if after.manifest is None:
        raise manifest_error(after.problems, file=file)
    old, new = read_document(text, file=file).value, read_document(edited, file=file).value
    if new != {**old, "stacks": {**old["stacks"], name: dict(entry)}}:
        raise InternalError(f"The stack {name} could not be added to {file} without changing something else.")
    return edited


def entry_text(name: str, entry: Mapping[str, Any], *, indent: int = 2) -> str:
    """The lines of an entry, to be written below ``stacks:``."""
    lines = [f"{name}:" if entry else f"{name}: {{}}"]
    for key, value in entry.items():
        line = f"{key}: {_plain(value)}"
        if isinstance(value, dict) and value and len(line) > _WIDTH - 2 * indent:
            lines.append(f"  {key}:")
            lines += [f"    {_plain(inner)}: {_plain(item)}" for inner, item in value.items()]
        else:
            lines.append(f"  {line}")
    return "".join(f"{' ' * indent}{line}\n" for line in lines)


def _plain(value: Any) -> str:
    """A value in flow style, its simple texts without quotes."""
    if isinstance(value, str):
        plain = value.replace("-", "").replace("_", "").replace("/", "").replace(".", "")
        simple = plain.isalnum() and plain.isascii() and value[0].isalpha() and value[-1].isalnum()
        return value if simple and value.lower() not in _READ_OTHERWISE else flow(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_plain(key)}: {_plain(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_plain, value)) + "]"
    return flow(value)


_READ_OTHERWISE = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def _insert(text: str, name: str, entry: Mapping[str, Any], file: str) -> str:
    """The text with the entry after the last stack of ``stacks:``."""
    end, is_flow, is_empty = _end_of_stacks(text)
    if is_flow and not is_empty:
        raise ConfigurationError(
            f"The stacks of {file} stand in braces; a stack can be added to lines only.",
            hint=f"Write them as lines, or add this yourself:\n{entry_text(name, entry)}",
        )
    document = read_document(text, file=file)
    stacks = document.root.children["stacks"] if document.root else None
    indent = min((key.column - 1 for key in stacks.keys.values()), default=2) if stacks else 2
    newline = "\r\n" if "\r\n" in text else "\n"
    added = entry_text(name, entry, indent=indent).replace("\n", newline)
    if is_empty:
        start = text.rindex("{", 0, end)
        return text[:start].rstrip(" ") + newline + added.removesuffix(newline) + text[end:]
    line_end = text.find("\n", end - 1 if text[end - 1 : end] == "\n" else end) + 1
    head, tail = (text[:line_end], text[line_end:]) if line_end else (f"{text}{newline}", "")
    section = "\n".join(head.splitlines()[document.locate(("stacks",)).line - 1 :])
    between = newline if re.search(rf"\n\n {{{indent}}}\S", section) else ""
    return f"{head}{between}{added}{tail}"


def _end_of_stacks(text: str) -> tuple[int, bool, bool]:
    """Where the last value of ``stacks`` ends, whether it is in flow style, and whether there is nothing in it."""
    depth = 0
    inside = is_flow = is_empty = False
    end = 0
    events: Iterator[Any] = yaml.parse(text, Loader=_Loader)
    for event in events:
        start, stop = event.start_mark.index, event.end_mark.index
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if inside and depth == 2:
                is_flow, is_empty = bool(event.flow_style), True
            elif inside:
                is_empty = False
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
            if inside and stop > start:
                end = stop  # the bracket of a flow collection
            inside = inside and depth > 1
        elif isinstance(event, yaml.ScalarEvent | yaml.AliasEvent):
            if inside:
                is_empty = False
                end = stop
            elif depth == 1 and isinstance(event, yaml.ScalarEvent) and event.value == "stacks":
                inside = True
    return end, is_flow, is_empty
