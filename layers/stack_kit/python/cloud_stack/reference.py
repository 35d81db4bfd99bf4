"""Outputs of other stacks: by StackReference, in previews of the control plane as they are planned.

``reference("network")["vpcId"]`` is the output ``vpcId`` of the stack ``network`` of the same deployment and environment.
Nothing is read before an output is asked for: a program whose configuration overrides every output of a stack does not
need that stack to exist.

In a preview of the control plane it is what the other stack is going to export: where that isn't known yet, an unknown
Output. Anywhere else it is what is deployed.
"""

from __future__ import annotations

from typing import Any

import pulumi

from cloud_stack.context import context
from cloud_stack.preview import PlannedStack, current_preview


class Reference:
    """Another stack. Index it for an output that must be there, ``get`` one that may be missing."""

    def __init__(self, stack: str, name: str, planned: PlannedStack | None = None) -> None:
        self._stack = stack
        self._name = name
        self._planned = planned
        self._resource: pulumi.StackReference | None = None

    def __getitem__(self, output: str) -> pulumi.Output[Any]:
        """The output. A secret stays one. Fails the run (``RunError``), naming the stack, when there is no such output."""
        if self._planned is not None:
            return self._planned.require(output)

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
        if self._planned is not None:
            found = self._planned.get(output)
            return pulumi.Output.from_input(default) if found is None else found
        return self._read().get_output(output).apply(lambda value: default if value is None else value)

    def _read(self) -> pulumi.StackReference:
        if self._resource is None:
            self._resource = pulumi.StackReference(self._stack, stack_name=self._name)
        return self._resource


def reference(stack: str) -> Reference:
    """The stack ``stack`` of this deployment and environment. Ask once per program and keep it: it is one resource."""
    return Reference(stack, context().reference_to(stack), current_preview().stacks.get(stack))
