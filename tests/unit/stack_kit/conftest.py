"""The Pulumi runtime as a program finds it, without an engine: names and configuration are all that the kit reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pulumi
import pytest
from pulumi.runtime.config import set_all_config
from pulumi.runtime.settings import configure

Program = Callable[..., None]

MANAGED = {
    "ecommerce:deploymentId": "D1BRV40",
    "ecommerce:stackName": "network",
    "ecommerce:environment": "dev",
    "ecommerce:projectName": "ecommerce",
    "ecommerce:orgName": "acme-corp",
}


@pytest.fixture
def program() -> Iterator[Program]:
    """Makes this the run of a program: ``program(project, stack, config, secrets=…)``."""

    def start(
        project: str = "ecommerce",
        stack: str = "D1BRV40-network-dev",
        config: Mapping[str, str] | None = None,
        *,
        secrets: tuple[str, ...] = (),
        organization: str | None = None,
    ) -> None:
        configure(pulumi.runtime.Settings(project=project, stack=stack, organization=organization or "organization"))
        set_all_config(dict(config or {}), list(secrets))

    yield start
    configure(pulumi.runtime.Settings(project="project", stack="stack", organization="organization"))
    set_all_config({}, [])


@pytest.fixture
def managed(program: Program) -> Program:
    """A program that the control plane runs; call it to add configuration of the stack."""

    def start(config: Mapping[str, str] | None = None, **settings: object) -> None:
        own = {f"ecommerce:{key}": value for key, value in (config or {}).items()}
        program(config={**MANAGED, **own}, **settings)

    start()
    return start
