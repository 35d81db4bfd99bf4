"""Names: their forms, and the names that are built of them.

==================  ======================================  =====================
deployment id       ``D`` + 6 of ``0-9A-Z``                 ``D1BRV40``
organisation,       ``[a-z][a-z0-9-]{0,38}[a-z0-9]``        ``database-rds``
project, stack
environment         ``[a-z][a-z0-9]{1,15}``, no hyphen      ``dev``
Pulumi stack        ``{deployment-id}-{stack}-{env}``       ``D1BRV40-network-dev``
==================  ======================================  =====================

An environment has no hyphen, and a deployment id has a fixed length, so that the name of a Pulumi stack parses back.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from cloud.domain.errors import ConfigurationError, Problem

DEPLOYMENT_ID_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

SELF_MANAGED_ORG = "organization"
"""What Pulumi calls every organisation in a self-managed backend (S3, file)."""


@dataclass(frozen=True, slots=True)
class Identifier:
    """One kind of name: ``pattern`` is matched against the whole text, ``form`` says it in words."""

    kind: str
    pattern: str
    form: str
    _compiled: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_compiled", re.compile(self.pattern))

    def matches(self, value: object) -> bool:
        # fullmatch, as `$` would let a trailing line feed pass.
        return isinstance(value, str) and self._compiled.fullmatch(value) is not None

    def require(self, value: object) -> str:
        """``value`` itself; raises ConfigurationError with one Problem when it is not of this form."""
        if isinstance(value, str) and self.matches(value):
            return value
        shown = repr(value) if len(repr(value)) <= 60 else repr(value)[:57] + "…"
        article = "an" if self.kind[0] in "aeiou" else "a"
        problem = Problem(f"{shown} is not {article} {self.kind}", expected=self.form)
        raise ConfigurationError(f"{problem.render()}.", problems=[problem])


_NAME = r"[a-z][a-z0-9-]{0,38}[a-z0-9]"
_NAME_FORM = "2 to 40 of a-z, 0-9 and hyphen, beginning with a letter and not ending with a hyphen"

DEPLOYMENT_ID = Identifier("deployment id", r"D[0-9A-Z]{6}", "D and 6 of 0-9 and A-Z, such as D1BRV40")
ORGANISATION = Identifier("organisation name", _NAME, _NAME_FORM)
PROJECT = Identifier("project name", _NAME, _NAME_FORM)
STACK = Identifier("stack name", _NAME, _NAME_FORM)
ENVIRONMENT = Identifier("environment name", r"[a-z][a-z0-9]{1,15}", "2 to 16 of a-z and 0-9, beginning with a letter")


@dataclass(frozen=True, slots=True)
class PulumiStack:
    """What the name of a Pulumi stack says."""

    deployment_id: str
    stack: str
    environment: str

    @property
    def name(self) -> str:
        return f"{self.deployment_id}-{self.stack}-{self.environment}"


def new_deployment_id(choose: Callable[[str], str]) -> str:
    """A deployment id; ``choose`` picks one character of a text at random (``secrets.choice``).

    Whether it is free is decided by the conditional write that stores it.
    """
    return "D" + "".join(choose(DEPLOYMENT_ID_ALPHABET) for _ in range(6))


def pulumi_stack_name(deployment_id: str, stack: str, environment: str) -> str:
    """``D1BRV40-network-dev``. Raises ConfigurationError when a part is not of its form."""
    parts = DEPLOYMENT_ID.require(deployment_id), STACK.require(stack), ENVIRONMENT.require(environment)
    return PulumiStack(*parts).name


def parse_pulumi_stack_name(name: str) -> PulumiStack:
    """The parts of ``D1BRV40-network-dev``. Raises ConfigurationError when it is no such name."""
    deployment_id, _, rest = name.partition("-")
    stack, _, environment = rest.rpartition("-")
    if DEPLOYMENT_ID.matches(deployment_id) and STACK.matches(stack) and ENVIRONMENT.matches(environment):
        return PulumiStack(deployment_id, stack, environment)
    problem = Problem(
        f"{name[:120]!r} is not the name of a Pulumi stack of this platform",
        expected="{deployment-id}-{stack}-{environment}, such as D1BRV40-network-dev",
    )
    raise ConfigurationError(f"{problem.render()}.", problems=[problem])


def stack_reference(
    org: str, project: str, deployment_id: str, stack: str, environment: str, *, self_managed: bool
) -> str:
    """The name for ``pulumi.StackReference``: ``acme-corp/ecommerce/D1BRV40-network-dev``.

    With a self-managed backend (S3, file) Pulumi's organisation is the literal ``organization``.
    """
    owner = SELF_MANAGED_ORG if self_managed else ORGANISATION.require(org)
    return f"{owner}/{PROJECT.require(project)}/{pulumi_stack_name(deployment_id, stack, environment)}"


def deployment_directory(deployment_id: str, org: str, project: str) -> str:
    """The deployment's folder in the user's repository: ``deploy/D1BRV40-acme-corp-ecommerce``."""
    name = f"{DEPLOYMENT_ID.require(deployment_id)}-{ORGANISATION.require(org)}-{PROJECT.require(project)}"
    return f"deploy/{name}"


def config_file_name(stack: str, environment: str) -> str:
    """The stack's own configuration in the deployment's folder: ``config/network.dev.yaml``."""
    return f"config/{STACK.require(stack)}.{ENVIRONMENT.require(environment)}.yaml"
