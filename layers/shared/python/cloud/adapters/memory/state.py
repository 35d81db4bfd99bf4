"""The port ``PulumiState`` in memory: the scripted runner writes it, tests change it by hand."""

from __future__ import annotations

import threading


class MemoryState:
    """Each write of a stack's state gives it another ETag."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._writes = 0
        self._etags: dict[tuple[str, str], str] = {}

    def etag(self, project: str, pulumi_stack: str) -> str:
        with self._lock:
            return self._etags.get((project, pulumi_stack), "")

    def written(self, project: str, pulumi_stack: str) -> None:
        """The state was written."""
        with self._lock:
            self._writes += 1
            self._etags[project, pulumi_stack] = f"etag-{self._writes}"

    def removed(self, project: str, pulumi_stack: str) -> None:
        """The state is gone."""
        with self._lock:
            self._etags.pop((project, pulumi_stack), None)
