"""Outputs of other stacks, by StackReference.

``reference("network")["vpcId"]`` is the output ``vpcId`` of the stack ``network`` of the same deployment and environment.
Nothing is read before an output is asked for: a program whose configuration overrides every output of a stack does not
need that stack to exist.
"""

from __future__ import annotations

from typing import Any

import pulumi

from cloud_stack.context import context


class Reference:
    """Another stack. Index it for an output that must be there, ``get`` one that may be missing."""

    def __init__(self, stack: str, name: str) -> None:
        self._stack = stack
        self._name = name
        self._resource: pulumi.StackReference | None = None

    def __getitem__(self, output: str) -> pulumi.Output[Any]:
        """The output. A secret stays one. Fails the run (``RunError``), naming the stack, when there is no such output."""

        def present(value: Any) -> Any:
            if value is None:
                raise pulumi.RunError(
                    f"the stack '{self._stack}' ({self._name}) has no output '{output}'; deploy it again, "
                    f"or set the configuration key that overrides this output"
                )
            return value

        return self._read().get_output(output).apply(present)

    def get(self, output: str, default: Any = None) -> pulumi.Output[Any]:
        """The output, or ``default`` where the stack does not export it."""
        return self._read().get_output(output).apply(lambda value: default if value is None else value)

    def _read(self) -> pulumi.StackReference:
        if self._resource is None:
            self._resource = pulumi.StackReference(self._stack, stack_name=self._name)
        return self._resource


def reference(stack: str) -> Reference:
    """The stack ``stack`` of this deployment and environment. Ask once per program and keep it: it is one resource."""
    return Reference(stack, context().reference_to(stack))
