"""Typed configuration: what Pulumi hands over as text becomes the model, or one error that lists every problem."""

from __future__ import annotations

import json
from ipaddress import IPv4Network
from typing import Annotated, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import Field, model_validator

from cloud_stack import ConfigurationError, Section, StackConfig, load


class Volume(Section):
    size_gb: int = Field(default=8, ge=1)
    encrypted: bool = True


class Example(StackConfig):
    label: str = "none"
    vpc_id: Annotated[str, Field(pattern=r"^vpc-")] | None = None
    cidr: IPv4Network = IPv4Network("10.0.0.0/16")
    az_count: int = Field(default=2, ge=1, le=6)
    nat: Literal["none", "one"] = "none"
    zones: list[str] = Field(default_factory=list)
    volume: Volume = Volume()
    volumes: dict[str, Volume] = Field(default_factory=dict)
    password: str | None = None
    days: int | None = 7


class Needy(StackConfig):
    first: str
    second: int

    @model_validator(mode="after")
    def _agree(self) -> Needy:
        if self.first == str(self.second):
            raise ValueError("first and second must differ")
        return self


def problems(model: type[StackConfig] = Example) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load(model)
    return [line.removeprefix("  - ") for line in str(caught.value).splitlines()[1:]]


def test_nothing_configured_is_the_defaults(managed) -> None:
    assert load(Example) == Example()


def test_text_becomes_the_fields_type(managed) -> None:
    managed(
        {"azCount": "3", "cidr": "10.1.0.0/16", "zones": '["a", "b"]', "volume": '{"sizeGb": 20, "encrypted": false}'}
    )
    loaded = load(Example)
    assert (loaded.az_count, loaded.cidr, loaded.zones) == (3, IPv4Network("10.1.0.0/16"), ["a", "b"])
    assert loaded.volume == Volume(size_gb=20, encrypted=False)


@pytest.mark.parametrize("text", ["123", "true", "null", "[1]", ""])
def test_a_text_that_looks_like_json_stays_the_text_it_is(managed, text: str) -> None:
    managed({"label": text})
    assert load(Example).label == text


def test_the_manifests_snake_case_keys_mean_the_same_keys(managed) -> None:
    managed({"az_count": "4", "volume": '{"size_gb": 3}'})
    assert (load(Example).az_count, load(Example).volume.size_gb) == (4, 3)


def test_a_key_in_both_forms_must_say_one_thing(managed) -> None:
    managed({"az_count": "4", "azCount": "4"})
    assert load(Example).az_count == 4
    managed({"az_count": "4", "azCount": "5"})
    assert problems() == ["ecommerce:azCount: also given as 'az_count', with another value; keep one of them"]


@pytest.mark.parametrize("text", ["", "null"])
def test_an_empty_value_of_an_optional_field_is_not_set(managed, text: str) -> None:
    managed({"vpcId": text, "days": text})
    loaded = load(Example)
    assert (loaded.vpc_id, loaded.days) == (None, 7)
    assert loaded.model_fields_set == set()


def test_keys_of_other_stacks_and_of_the_control_plane_are_none_of_its_business(managed) -> None:
    managed({"instanceType": "t4g.nano"})
    assert load(Example) == Example()


def test_every_problem_is_reported_at_once_with_key_expectation_and_value(managed) -> None:
    managed({"azCount": "9", "cidr": "ten", "nat": "two", "zones": "a", "vpcId": "subnet-1"})
    found = problems()
    assert [line.partition(": ")[0] for line in found] == [
        "ecommerce:vpcId",
        "ecommerce:cidr",
        "ecommerce:azCount",
        "ecommerce:nat",
        "ecommerce:zones",
    ]
    assert found[2] == "ecommerce:azCount: Input should be less than or equal to 6 (got 9)"
    assert "'none' or 'one'" in found[3]


def test_the_error_says_which_stack_it_is_about(managed) -> None:
    managed({"azCount": "9"})
    with pytest.raises(ConfigurationError, match=r"^1 problem in the configuration of D1BRV40-network-dev:"):
        load(Example)


def test_a_problem_inside_an_object_is_reported_with_its_path(managed) -> None:
    managed({"volumes": json.dumps({"data": {"sizeGb": 0}, "logs": {"encryptet": True}})})
    assert problems() == [
        "ecommerce:volumes.data.sizeGb: Input should be greater than or equal to 1 (got 0)",
        "ecommerce:volumes.logs.encryptet: unknown key; did you mean 'encrypted'?",
    ]


def test_required_keys_and_rules_between_keys_are_named(managed) -> None:
    assert problems(Needy) == ["ecommerce:first: required, and not set", "ecommerce:second: required, and not set"]
    managed({"first": "1", "second": "1"})
    assert problems(Needy) == ["first and second must differ"]


def test_a_secret_value_is_never_part_of_an_error(managed) -> None:
    managed({"azCount": "hunter2"}, secrets=("ecommerce:azCount",))
    with pytest.raises(ConfigurationError) as caught:
        load(Example)
    assert "hunter2" not in str(caught.value)
    assert "is a secret and is not shown" in str(caught.value)


def test_a_long_value_is_cut_in_the_error(managed) -> None:
    managed({"azCount": "9" * 500 + "x"})
    (found,) = problems()
    assert found.endswith("…)")
    assert len(found) < 250


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 6), st.lists(st.text(st.characters(codec="utf-8"), max_size=5)), st.integers(1, 10**6))
def test_what_the_control_plane_writes_as_json_is_read_back(managed, azs: int, zones: list[str], size: int) -> None:
    managed({"azCount": json.dumps(azs), "zones": json.dumps(zones), "volume": json.dumps({"sizeGb": size})})
    loaded = load(Example)
    assert (loaded.az_count, loaded.zones, loaded.volume.size_gb) == (azs, zones, size)


@pytest.mark.parametrize(("key", "meant"), [("azCout", "azCount"), ("az_cont", "az_count"), ("zone", "zones")])
def test_a_misspelt_key_is_a_warning_that_names_the_right_one(managed, capsys, key: str, meant: str) -> None:
    managed({key: "3"})
    load(Example)
    assert f"ecommerce:{key} is not a key of this stack; did you mean '{meant}'?" in capsys.readouterr().err


def test_a_key_that_only_resembles_one_that_is_set_is_no_warning(managed, capsys) -> None:
    managed({"zone": "a", "zones": '["a"]'})
    load(Example)
    assert capsys.readouterr().err == ""
