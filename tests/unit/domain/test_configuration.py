from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.domain.configuration import RESERVED_KEYS, Configuration, Tier, check_key, resolve_configuration, stack_tiers
from cloud.domain.errors import NotFound
from cloud.domain.manifest import Manifest
from cloud.domain.secret import Secret, is_secret_form, wrap_secrets

MANIFEST = Manifest.from_dict(
    {
        "deployment": {
            "id": "D1BRV40",
            "org": "acme-corp",
            "project": "ecommerce",
            "tags": {"a": "1", "b": "1", "c": "1"},
        },
        "environments": {"dev": {"config": {"size": "environment"}, "tags": {"b": "2", "c": "2", "d": "2"}}},
        "defaults": {"size": "defaults"},
        "stacks": {
            "network": {
                "config": {"size": "stack"},
                "tags": {"c": "3", "d": "3"},
                "environments": {"dev": {"config": {"size": "both"}, "tags": {"d": "4"}}},
            }
        },
    }
)

keys = st.sampled_from(["a", "b", "secret"])
values = st.recursive(
    st.integers(0, 3) | st.none() | st.lists(st.integers(0, 3), max_size=2),
    lambda inner: st.dictionaries(keys, inner, max_size=3),
    max_leaves=6,
)
maps = st.dictionaries(keys, values, max_size=3)


def resolved(*values: Mapping[str, Any]) -> Configuration:
    return resolve_configuration([Tier(number, f"tier {number}", item) for number, item in enumerate(values, 1)])


def merged(lower: Mapping[str, Any], upper: Mapping[str, Any]) -> dict[str, Any]:
    """The merge of two maps in the simplest words: the model that the real one is compared with."""

    def is_map(value: Any) -> bool:
        return isinstance(value, dict) and not is_secret_form(value)

    result = dict(lower)
    for key, value in upper.items():
        result[key] = merged(result[key], value) if is_map(value) and is_map(result.get(key)) else value
    return result


def test_the_eight_tiers_come_in_order_and_the_latest_wins() -> None:
    tiers = stack_tiers(
        MANIFEST,
        "network",
        "dev",
        config_file={"size": "file"},
        settings={"size": "set"},
        template_defaults={"size": "template"},
        platform_defaults={"size": "platform"},
    )
    assert [tier.number for tier in tiers] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [tier.name for tier in tiers] == [
        "platform defaults",
        "template defaults",
        "manifest defaults",
        "environment dev",
        "stack network",
        "stack network in dev",
        "config/network.dev.yaml",
        "--set",
    ]
    (entry,) = resolve_configuration(tiers).entries
    assert (entry.key, entry.value, entry.tier.name) == ("size", "set", "--set")
    assert [item.value for item in entry.overridden] == [
        "file", "both", "stack", "environment", "defaults", "template", "platform",
    ]  # fmt: skip


def test_tiers_that_say_nothing_leave_the_earlier_ones() -> None:
    tiers = stack_tiers(MANIFEST, "network", "dev")
    assert resolve_configuration(tiers).values == {"size": "both"}
    assert resolve_configuration([]) == Configuration({}, ())


def test_a_stack_or_environment_that_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFound):
        stack_tiers(MANIFEST, "netwrk", "dev")
    with pytest.raises(NotFound):
        stack_tiers(MANIFEST, "network", "prod")


def test_maps_merge_deeply_and_lists_replace() -> None:
    configuration = resolved({"a": {"b": 1, "c": [1, 2]}, "d": 1}, {"a": {"c": [3], "e": {"f": 2}}})
    assert configuration.values == {"a": {"b": 1, "c": [3], "e": {"f": 2}}, "d": 1}
    assert [entry.key for entry in configuration.entries] == ["a.b", "a.c", "a.e.f", "d"]


def test_every_leaf_says_which_tier_won_and_what_it_overrode() -> None:
    configuration = resolved({"a": {"b": 1, "c": 1}}, {"a": 5}, {"a": {"b": 2}})
    (entry,) = configuration.entries
    assert (entry.path, entry.value, entry.tier.number) == (("a", "b"), 2, 3)
    assert [(item.tier.number, item.value) for item in entry.overridden] == [(2, 5), (1, {"b": 1, "c": 1})]


def test_null_replaces_a_map_and_an_empty_map_adds_nothing_to_one() -> None:
    assert resolved({"a": {"b": 1}}, {"a": None}).values == {"a": None}
    assert resolved({"a": {"b": 1}}, {"a": {}}).values == {"a": {"b": 1}}
    assert resolved({"a": 1}, {"a": {}}).values == {"a": {}}


def test_secrets_are_wrapped_also_where_they_were_overridden() -> None:
    configuration = resolved({"a": {"secret": "old"}, "l": [{"secret": "x"}]}, {"a": {"secret": "new"}})
    assert configuration.values == {"a": Secret("new"), "l": [Secret("x")]}
    assert configuration.entries[0].overridden[0].value == Secret("old")
    assert "old" not in repr(configuration.entries[0].overridden[0].value)


def test_a_secret_and_a_map_replace_each_other_as_a_whole() -> None:
    assert resolved({"a": {"secret": "x"}}, {"a": {"b": 1}}).values == {"a": {"b": 1}}
    assert resolved({"a": {"b": 1}}, {"a": {"secret": "x"}}).values == {"a": Secret("x")}


def test_a_configuration_whose_only_key_is_secret_is_still_a_configuration() -> None:
    assert resolved({"secret": "x"}, {"b": 1}).values == {"secret": "x", "b": 1}


@given(st.lists(maps, max_size=5))
def test_tiers_merge_like_maps_one_after_the_other(tiers: Sequence[dict[str, Any]]) -> None:
    model = functools.reduce(merged, tiers, {})
    assert resolved(*tiers).values == {key: wrap_secrets(value) for key, value in model.items()}


@given(st.lists(maps, min_size=1, max_size=5))
def test_the_winner_of_every_leaf_is_later_than_all_that_it_overrode(tiers: Sequence[dict[str, Any]]) -> None:
    for entry in resolved(*tiers).entries:
        numbers = [entry.tier.number, *(item.tier.number for item in entry.overridden)]
        assert numbers == sorted(set(numbers), reverse=True)


def test_tags_are_inherited_and_the_nearer_wins() -> None:
    assert MANIFEST.tags("network", "dev") == {"a": "1", "b": "2", "c": "3", "d": "4"}


@pytest.mark.parametrize("key", ["cidr", "instance_type", "a.b", "kubernetes:kubeconfig", "_x", "camelCase"])
def test_configuration_keys_are_names(key: str) -> None:
    assert check_key(key) is None


@pytest.mark.parametrize("key", [*RESERVED_KEYS, "secret", "", "a b", "1a", "a:b:c", "a\n", "x" * 201])
def test_reserved_and_odd_keys_are_refused(key: str) -> None:
    problem = check_key(key)
    assert problem
    assert len(problem.message) < 120
