"""What a program is given in a preview of the control plane, where values are not known yet, and only there."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import pulumi
import pytest
from pulumi.runtime.settings import configure
from pydantic import Field, model_validator

from cloud_stack import ConfigurationError, Input, NotPreviewableError, Section, StackConfig, load, reference
from cloud_stack.preview import current_preview

UNKNOWN = {"cloud:unknown": True}
Told = Callable[..., Path]


class Disk(Section):
    size: int = 8
    key: Input[str] | None = None
    zones: list[Input[str]] = Field(default_factory=list)


class Example(StackConfig):
    vpc_id: Input[Annotated[str, Field(pattern=r"^vpc-")]] | None = None
    ports: Input[list[int]] = Field(default_factory=list)
    label: str = "none"
    disk: Disk = Disk()


class Needy(StackConfig):
    first: str
    second: str = "2"

    @model_validator(mode="after")
    def _agree(self) -> Needy:
        if self.first == self.second:
            raise ValueError("first and second must differ")
        return self


@pytest.fixture
def told(managed: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    """``told(stacks=…, config=…, given=…)`` makes this the program of a preview that is told so; gives the file."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)

    def tell(
        stacks: dict[str, Any] | None = None,
        config: dict[str, Any] | None = None,
        given: dict[str, str] | None = None,
        *,
        dry_run: bool = True,
    ) -> Path:
        managed(given)
        configure(
            pulumi.runtime.Settings(
                project="ecommerce", stack="D1BRV40-app-dev", organization="organization", dry_run=dry_run
            )
        )
        none = {"outputs": {}, "unknown": [], "secret": [], "open": False}
        document = {
            "version": 1,
            "stacks": {name: {**none, **planned} for name, planned in (stacks or {}).items()},
            "config": {
                f"ecommerce:{key}": {"stacks": ["network"], "secret": False, **value}
                for key, value in (config or {}).items()
            },
        }
        file = tmp_path / "preview.json"
        file.write_text(json.dumps(document), encoding="utf-8")
        monkeypatch.setenv("CLOUD_PREVIEW_FILE", str(file))
        return file

    yield tell
    loop.close()
    asyncio.set_event_loop(None)


def seen(output: Any) -> tuple[Any, bool, bool]:
    """The value of an output (None: unknown), whether it is known, and whether it is secret."""

    async def look() -> tuple[Any, bool, bool]:
        return await output.future(), await output.is_known(), await output.is_secret()

    return asyncio.get_event_loop_policy().get_event_loop().run_until_complete(look())


def was_read(file: Path) -> bool:
    return file.with_name("preview.json.read").exists()


# -- outputs of other stacks


def test_planned_outputs_are_given_as_far_as_they_are_known(told: Told) -> None:
    planned = {
        "outputs": {"cidr": "10.0.0.0/16", "key": "x"},
        "unknown": ["vpcId", "token"],
        "secret": ["token", "key"],
    }
    told({"network": planned})
    network = reference("network")

    assert seen(network["cidr"]) == ("10.0.0.0/16", True, False)
    assert seen(network["key"]) == ("x", True, True)
    assert seen(network["vpcId"]) == (None, False, False)
    assert seen(network["token"]) == (None, False, True)
    assert seen(network["vpcId"]["arn"][0]) == (None, False, False)
    assert seen(network.get("vpcId", "none")) == (None, False, False)
    assert seen(network.get("cidr")) == ("10.0.0.0/16", True, False)


def test_an_output_that_will_not_be_there_fails_the_run_and_names_what_will(told: Told) -> None:
    told({"network": {"outputs": {"cidr": "x"}, "unknown": ["vpcId"]}, "dns": {}})

    with pytest.raises(pulumi.RunError, match=r"'network' will have no output 'vpcID'; did you mean 'vpcId'\?"):
        reference("network")["vpcID"]
    with pytest.raises(pulumi.RunError, match=r"no output 'zone'; it plans cidr, vpcId$"):
        reference("network")["zone"]
    with pytest.raises(pulumi.RunError, match=r"no output 'zone'; it plans none$"):
        reference("dns")["zone"]
    assert seen(reference("network").get("zone", "none")) == ("none", True, False)


def test_of_a_stack_that_nobody_could_preview_every_output_is_unknown(told: Told) -> None:
    told({"network": {"open": True}})
    assert seen(reference("network")["anything"]) == (None, False, False)
    assert seen(reference("network").get("anything", "none")) == (None, False, False)


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_file_that_an_update_would_find_means_nothing_to_it(told: Told, dry_run: bool) -> None:
    told({"network": {"open": True}}, dry_run=dry_run)
    assert set(current_preview().stacks) == ({"network"} if dry_run else set())


def test_a_control_plane_that_tells_it_otherwise_is_not_guessed_at(told: Told) -> None:
    file = told()
    file.write_text(file.read_text(encoding="utf-8").replace('"version": 1', '"version": 2'), encoding="utf-8")
    with pytest.raises(pulumi.RunError, match="in version 2, this cloud_stack reads 1"):
        reference("network")


def test_without_a_file_there_is_no_preview_of_the_control_plane(managed: Any) -> None:
    preview = current_preview()
    preview.configuration_was_read()
    assert (preview.stacks, preview.config, preview.file) == ({}, {}, None)


# -- configuration


def test_an_input_takes_an_unknown_as_an_output_and_the_control_plane_hears_of_it(told: Told) -> None:
    file = told(config={"vpcId": {"value": UNKNOWN}, "ports": {"value": UNKNOWN, "secret": True}}, given={"label": "a"})
    assert not was_read(file)
    settings = load(Example)

    assert seen(settings.vpc_id) == (None, False, False)
    assert seen(settings.ports) == (None, False, True)
    assert settings.label == "a"
    assert was_read(file)


def test_an_input_that_is_known_is_the_value_that_its_type_says(told: Told) -> None:
    told(given={"vpcId": "vpc-1", "ports": "[1, 2]"})
    assert (load(Example).vpc_id, load(Example).ports) == ("vpc-1", [1, 2])
    told(given={"vpcId": "", "ports": "[]"})
    assert load(Example).vpc_id is None
    told(given={"vpcId": "subnet-1", "ports": '["x"]'})
    with pytest.raises(ConfigurationError, match=r"^2 problems(?s:.)*vpcId: String should match(?s:.)*ports\.0: "):
        load(Example)


def test_the_manifests_snake_case_keys_may_be_unknown_too(told: Told) -> None:
    told(config={"vpc_id": {"value": UNKNOWN}})
    assert seen(load(Example).vpc_id) == (None, False, False)


def test_a_value_with_an_unknown_inside_keeps_what_is_known_of_it(told: Told) -> None:
    told(config={"disk": {"value": {"size": 3, "key": UNKNOWN, "zones": ["a", UNKNOWN]}}})
    disk = load(Example).disk

    assert disk.size == 3
    assert seen(disk.key) == (None, False, False)
    assert (disk.zones[0], seen(disk.zones[1])[1]) == ("a", False)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("label", UNKNOWN),
        ("disk", UNKNOWN),
        ("disk", {"size": UNKNOWN}),
        ("disk", {"zones": UNKNOWN}),
    ],
)
def test_a_field_that_must_know_its_value_makes_the_program_not_previewable(told: Told, key: str, value: Any) -> None:
    file = told(config={key: {"value": value}})
    with pytest.raises(NotPreviewableError) as refused:
        load(Example)

    assert str(refused.value) == (
        f"not previewable until network is deployed: the program can't go on without the value of ecommerce:{key}"
    )
    assert was_read(file)


def test_all_stacks_and_keys_that_are_waited_for_are_named(told: Told) -> None:
    config = {
        "label": {"value": UNKNOWN, "stacks": ["dns", "network"]},
        "disk": {"value": {"size": UNKNOWN}, "stacks": ["network", "app"]},
    }
    told(config=config)
    with pytest.raises(
        NotPreviewableError, match=r"until app, dns and network are deployed: .*:label, ecommerce:disk$"
    ):
        load(Example)


def test_a_required_field_is_waited_for_and_so_are_the_rules_about_it(told: Told) -> None:
    told(config={"first": {"value": UNKNOWN}})
    with pytest.raises(NotPreviewableError, match="ecommerce:first"):
        load(Needy)
    told(config={"second": {"value": UNKNOWN}}, given={"first": "2"})
    with pytest.raises(NotPreviewableError, match="ecommerce:second"):
        load(Needy)


def test_a_mistake_is_told_before_anything_is_waited_for(told: Told) -> None:
    told(config={"label": {"value": UNKNOWN}, "disk": {"value": {"size": "x", "key": UNKNOWN}}}, given={"ports": "7"})
    with pytest.raises(ConfigurationError) as refused:
        load(Example)
    assert [line.partition(": ")[0] for line in str(refused.value).splitlines()[1:]] == [
        "  - ecommerce:ports",
        "  - ecommerce:disk.size",
    ]


def test_a_key_that_is_both_known_and_unknown_must_say_one_thing(told: Told) -> None:
    told(config={"vpcId": {"value": UNKNOWN}}, given={"vpc_id": "vpc-1"})
    with pytest.raises(ConfigurationError, match="also given as 'vpc_id'"):
        load(Example)
