"""What a person reads of an operation, in the form of the CLI's non-interactive display."""

from __future__ import annotations

import json
import sys
import threading
import time
from typing import Any, TextIO

from .events import Event
from .urns import ROOT_STACK_TYPE, name_of, type_of
from .values import MASK, UNKNOWN, Properties, masked, transform

_MARKS = {
    "same": "  ",
    "create": "+ ",
    "update": "~ ",
    "delete": "- ",
    "replace": "+-",
    "create-replacement": "++",
    "delete-replaced": "--",
    "read": "> ",
    "read-replacement": ">>",
    "refresh": "~ ",
    "discard": "< ",
    "discard-replaced": "<<",
    "import": "= ",
    "import-replacement": "=>",
    "remove-pending-replace": "~ ",
}
# (while it runs, when it is done, in a preview)
_WORDS = {
    "create": ("creating", "created", "create"),
    "update": ("updating", "updated", "update"),
    "delete": ("deleting", "deleted", "delete"),
    "replace": ("replacing", "replaced", "replace"),
    "create-replacement": ("creating replacement", "created replacement", "create replacement"),
    "delete-replaced": ("deleting original", "deleted original", "delete original"),
    "read": ("reading", "read", "read"),
    "read-replacement": ("reading replacement", "read replacement", "read replacement"),
    "refresh": ("refreshing", "refreshed", "refresh"),
    "discard": ("discarding", "discarded", "discard"),
    "discard-replaced": ("discarding original", "discarded original", "discard original"),
    "import": ("importing", "imported", "import"),
    "import-replacement": ("importing replacement", "imported replacement", "import replacement"),
}
_SUMMARY_ORDER = ("create", "update", "replace", "delete", "read", "import", "discard", "refresh")


class Display:
    """Prints progress as it comes, then diagnostics, outputs and totals."""

    def __init__(self, stream: TextIO | None = None, *, quiet: bool = False) -> None:
        self._stream = sys.stdout if stream is None else stream
        self._quiet = quiet
        self._lock = threading.Lock()
        self._started: dict[str, float] = {}
        self._diagnostics: dict[str, list[str]] = {}
        self._root = ""
        self._errors = 0
        self.config: dict[str, str] = {}
        self.steps: list[dict[str, Any]] = []

    def line(self, text: str = "") -> None:
        """Print a line."""
        if not self._quiet:
            print(text, file=self._stream, flush=True)

    def __call__(self, event: Event, internal: bool) -> None:
        """Show one event."""
        if internal:
            return
        with self._lock:
            if "preludeEvent" in event:
                self.config = event["preludeEvent"]["config"]
            elif "resourcePreEvent" in event:
                self._begin(event["resourcePreEvent"])
            elif "resOutputsEvent" in event:
                self._end(event["resOutputsEvent"])
            elif "resOpFailedEvent" in event:
                self._failed(event["resOpFailedEvent"]["metadata"])
            elif "diagnosticEvent" in event:
                self._diagnostic(event["diagnosticEvent"])
            elif "stdoutEvent" in event:
                self.line(event["stdoutEvent"]["message"].rstrip("\n"))

    def _begin(self, payload: dict[str, Any]) -> None:
        metadata = payload["metadata"]
        if metadata["type"] == ROOT_STACK_TYPE:
            self._root = metadata["urn"]
        self._started[metadata["urn"]] = time.monotonic()
        if metadata["op"] != "same" and metadata["op"] in _WORDS and not payload.get("planning"):
            self._resource(metadata, metadata["op"], f"{_WORDS[metadata['op']][0]} (0s)")

    def _end(self, payload: dict[str, Any]) -> None:
        metadata = payload["metadata"]
        if payload.get("planning"):
            self._collect(metadata)
        op = metadata["op"]
        if op == "same" or op not in _WORDS:
            return
        if payload.get("planning"):
            self._resource(metadata, op, _WORDS[op][2])
        else:
            seconds = time.monotonic() - self._started.get(metadata["urn"], time.monotonic())
            self._resource(metadata, op, f"{_WORDS[op][1]} ({seconds:.2f}s)")

    def _failed(self, metadata: dict[str, Any]) -> None:
        self._resource(metadata, metadata["op"], f"**{_WORDS[metadata['op']][0]} failed**")

    def _resource(self, metadata: dict[str, Any], op: str, status: str) -> None:
        diffs = metadata.get("diffs") or []
        shown = f" [diff: {','.join('~' + key for key in diffs)}]" if diffs else ""
        self.line(f" {_MARKS[op]} {metadata['type']} {name_of(metadata['urn'])} {status}{shown}")

    def _collect(self, metadata: dict[str, Any]) -> None:
        """Note a step for `preview --json`; a component reports twice, the second time with its outputs."""
        self.steps = [s for s in self.steps if s["urn"] != metadata["urn"] or s["op"] != metadata["op"]] + [metadata]

    def _diagnostic(self, payload: dict[str, Any]) -> None:
        if payload["severity"] == "debug" or payload.get("ephemeral"):
            return
        self._errors += payload["severity"] == "error"
        text = f"{payload.get('prefix', '')}{payload['message']}".rstrip("\n")
        if text:
            self._diagnostics.setdefault(payload.get("urn", ""), []).append(text)

    def finish(self, changes: dict[str, int], outputs: Properties | None, seconds: float | None) -> None:
        """Print what is told at the end; `seconds` None in previews, where nothing was done."""
        planning = seconds is None
        self._print_diagnostics()
        if outputs:
            self.line("Outputs:")
            for key, value in sorted(masked(outputs).items()):
                self.line(f"    {key}: {_shown(value)}")
            self.line()
        self.line("Resources:")
        for op in _SUMMARY_ORDER:
            if changes.get(op):
                word = f"to {_WORDS[op][2]}" if planning else _WORDS[op][1]
                self.line(f"    {_MARKS[op]}{changes[op]} {word}")
        if changes.get("same"):
            self.line(f"    {changes['same']} unchanged")
        if self._errors:
            self.line(f"    {self._errors} errored")
        self.line()
        if not planning:
            self.line(f"Duration: {max(1, round(seconds or 0))}s")
            self.line()

    def _print_diagnostics(self) -> None:
        if not self._diagnostics:
            return
        self.line("Diagnostics:")
        for urn, texts in self._diagnostics.items():
            about = urn or self._root
            self.line(f"  {type_of(about)} ({name_of(about)}):" if about else "  pulumi:")
            for text in texts:
                self.line("    " + text.replace("\n", "\n    "))
            self.line()


def _shown(value: Any) -> str:
    if value == MASK:
        return MASK
    known = transform(value, lambda v: "[unknown]" if v is UNKNOWN else v)
    return "[unknown]" if known == "[unknown]" else json.dumps(known, ensure_ascii=False)
