"""Which deployment, stack and environment a program is run for.

The control plane writes five keys into the project's namespace: ``deploymentId stackName environment projectName
orgName``. A program run by itself has none of them; then the Pulumi stack's name is read instead: one of the control
plane's (``D1BRV40-network-dev``) says everything, any other (``dev``) is the environment of a standalone stack that is
named after its Pulumi project.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pulumi

from cloud_stack.naming import Limit, fingerprint, shorten

STANDALONE = "standalone"
"""Stands for the deployment id of a program that no deployment runs. It is no legal id, so it can be no one's."""

_PULUMI_STACK = re.compile(
    r"(?P<deployment>D[0-9A-Z]{6})-(?P<stack>[a-z][a-z0-9-]*)-(?P<environment>[a-z][a-z0-9]{1,15})"
)


@dataclass(frozen=True, slots=True)
class Context:
    """Who this run is: identifiers as the manifest writes them.

    ``project`` and ``org`` are the business project and organisation. ``pulumi_org`` is the organisation of Pulumi's
    backend, the literal ``organization`` on a self-managed one; references to other stacks start with it.
    """

    deployment: str
    stack: str
    environment: str
    project: str
    org: str
    pulumi_org: str
    pulumi_stack: str

    @property
    def standalone(self) -> bool:
        """Whether the program runs by itself, outside any deployment."""
        return self.deployment == STANDALONE

    def name(self, *parts: str, limit: int = Limit.DEFAULT) -> str:
        """The physical name ``{project}-{deployment}-{environment}-{parts…}`` in lower case, at most ``limit`` long.

        Too long a name is cut and ends in eight hexadecimal digits of its hash, the same at every run.
        """
        return shorten("-".join((self.project, self.deployment, self.environment, *parts)).lower(), limit)

    def global_name(self, *parts: str, limit: int = Limit.BUCKET) -> str:
        """A ``name`` for what is unique across all of AWS, such as a bucket: it ends in a hash over the organisation too."""
        owner = fingerprint("/".join((self.org, self.project, self.deployment, self.environment, *parts)))
        return f"{self.name(*parts, limit=limit - len(owner) - 1)}-{owner}"

    def reference_to(self, stack: str) -> str:
        """The StackReference of another stack of the same deployment and environment.

        Standalone stacks are each a Pulumi project of their own, in which the same stack name means the same environment.
        """
        if self.standalone:
            return f"{self.pulumi_org}/{stack}/{self.pulumi_stack}"
        return f"{self.pulumi_org}/{self.project}/{self.deployment}-{stack}-{self.environment}"


def context() -> Context:
    """The context of the running program, from its configuration, else from the names that Pulumi gives it."""
    config = pulumi.Config()
    pulumi_stack, pulumi_project = pulumi.get_stack(), pulumi.get_project()
    named = _PULUMI_STACK.fullmatch(pulumi_stack)
    from_name = named.groupdict() if named else {}
    return Context(
        deployment=config.get("deploymentId") or from_name.get("deployment", STANDALONE),
        stack=config.get("stackName") or from_name.get("stack", pulumi_project),
        environment=config.get("environment") or from_name.get("environment", pulumi_stack),
        project=config.get("projectName") or pulumi_project,
        org=config.get("orgName") or pulumi.get_organization(),
        pulumi_org=pulumi.get_organization(),
        pulumi_stack=pulumi_stack,
    )
