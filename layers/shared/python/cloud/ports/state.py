"""The port to where Pulumi keeps its states.

Adapters: ``cloud.adapters.state_objects`` (S3 and a directory) and ``cloud.adapters.memory.state``; both pass
``tests/contract/test_pulumi_state.py``.
"""

from __future__ import annotations

from typing import Protocol


class PulumiState(Protocol):
    """The state objects of Pulumi's self-managed backend."""

    def etag(self, project: str, pulumi_stack: str) -> str:
        """What changes whenever the stack's state is written; empty when there is none.

        Raises AwsError and NetworkError.
        """
        ...
