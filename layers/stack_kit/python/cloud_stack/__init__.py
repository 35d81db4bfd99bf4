"""The stack kit: what every stack program of ours needs, and nothing else of the control plane.

    settings = load(NetworkConfig)             # the stack's configuration, typed; every problem reported at once
    names = context()                          # which deployment, stack and environment this is; names within AWS's limits
    vpc_id = reference("network")["vpcId"]     # an output of another stack of the same deployment and environment
    export_outputs({"vpcId": vpc.id})          # the outputs, with the three that every stack exports

A program that uses it runs under the control plane and by itself, with plain `pulumi up`. In the control plane's previews,
what isn't known before another stack is deployed is an unknown Output (a configuration field takes one as `Input[…]`).
"""

from cloud_stack.configuration import ConfigurationError, Section, StackConfig, load
from cloud_stack.context import Context, context
from cloud_stack.inputs import Input
from cloud_stack.naming import Limit, auto, fingerprint, shorten
from cloud_stack.outputs import export_outputs
from cloud_stack.place import Place
from cloud_stack.policy import Statement, allow, deny, document, unscoped
from cloud_stack.preview import NotPreviewableError
from cloud_stack.reference import Reference, reference
from cloud_stack.tags import standard_tags

__all__ = [
    "ConfigurationError",
    "Context",
    "Input",
    "Limit",
    "NotPreviewableError",
    "Place",
    "Reference",
    "Section",
    "StackConfig",
    "Statement",
    "allow",
    "auto",
    "context",
    "deny",
    "document",
    "export_outputs",
    "fingerprint",
    "load",
    "reference",
    "shorten",
    "standard_tags",
    "unscoped",
]
