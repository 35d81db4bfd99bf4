"""Configuration of the stacks, at its bounds and beyond: accepted, or one clear error with every problem."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pulumi
import pytest
from pulumi.runtime.config import set_all_config
from pulumi.runtime.settings import configure

from cloud_stack import ConfigurationError, StackConfig, load
from tests.stacks.case import case_of, merged, stacks_with_cases
from tests.stacks.conftest import NAMES, STACKS, load_module

MODELS = {
    name: getattr(
        load_module(STACKS / name / "src" / "configuration.py"),
        f"{''.join(map(str.capitalize, name.split('-')))}Config",
    )
    for name in NAMES
    if (STACKS / name / "src" / "configuration.py").is_file()
}
WITH_CASES = stacks_with_cases()


@pytest.fixture(autouse=True)
def _runtime() -> Iterator[None]:
    configure(pulumi.runtime.Settings(project="p", stack="D1BRV40-x-dev", organization="organization"))
    yield
    set_all_config({})


def configured(stack: str, **config: Any) -> StackConfig:
    set_all_config(
        {f"p:{key}": value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}
    )
    return load(MODELS[stack])


@pytest.mark.parametrize("stack", NAMES)
def test_the_defaults_are_small_and_cheap(stack: str) -> None:
    settings = configured(stack).model_dump()
    assert settings.get("nat", "none") == "none"
    assert settings.get("interface_endpoints", []) == []
    assert len(settings.get("kms_purposes", [""])) == 1
    switches = {
        key: value["enabled"] for key, value in settings.items() if isinstance(value, dict) and "enabled" in value
    }
    assert not any(switches.values())


@pytest.mark.parametrize(
    ("stack", "config"), [(stack, config) for stack in WITH_CASES for config in case_of(stack).accepted]
)
def test_configuration_at_its_bounds_is_accepted(stack: str, config: dict[str, Any]) -> None:
    configured(stack, **config)


@pytest.mark.parametrize("stack", WITH_CASES)
@pytest.mark.parametrize("shape", ["production", "change", "replace"])
def test_what_is_tried_with_a_stack_is_legal(stack: str, shape: str) -> None:
    case = case_of(stack)
    over = {} if shape == "production" else getattr(case, shape) or {}
    configured(stack, **merged(case.production, over))


@pytest.mark.parametrize(
    ("stack", "config", "complaint"),
    [(stack, config, complaint) for stack in WITH_CASES for config, complaint in case_of(stack).refused],
)
def test_configuration_beyond_its_bounds_is_one_clear_error(stack: str, config: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        configured(stack, **config)
    assert complaint in str(caught.value)


def test_all_problems_of_a_stack_are_told_at_once() -> None:
    with pytest.raises(ConfigurationError, match="4 problems") as caught:
        configured("security", vpcId="x", kmsDeletionWindowDays=99, webPorts=[22], waf={"rateLimit": 1})
    assert str(caught.value).count("\n  - ") == 4
