from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.adapters.pulumi.configuration import has_secret, read_keys, stack_file, write_stack_file
from cloud.domain.errors import ConfigurationError
from cloud.ports.runner import Secret, SecretsProvider

PASSPHRASE = SecretsProvider(encryption_salt="v1:salt")

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda parts: st.lists(parts, max_size=4) | st.dictionaries(st.text(max_size=8), parts, max_size=4),
    max_leaves=12,
).filter(lambda value: '"secure"' not in json.dumps(value))


def test_the_keys_and_the_plain_values_are_written_and_the_secret_ones_handed_back(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.dev.yaml"
    config = {
        "ecommerce:cidr": "10.0.0.0/16",
        "ecommerce:tags": {"a": [1, True]},
        "ecommerce:password": Secret("hunter2"),
    }

    secrets = write_stack_file(path, config, PASSPHRASE)

    assert secrets == {"ecommerce:password": "hunter2"}
    assert "hunter2" not in path.read_text()
    assert yaml.safe_load(path.read_text()) == {
        "encryptionsalt": "v1:salt",
        "config": {"ecommerce:cidr": "10.0.0.0/16", "ecommerce:tags": {"a": [1, True]}},
    }


def test_the_keys_of_a_key_service_are_written_with_its_address(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.dev.yaml"
    keys = SecretsProvider(provider="awskms://alias/x", encrypted_key="abc=")

    write_stack_file(path, {}, keys)

    assert yaml.safe_load(path.read_text()) == {"secretsprovider": "awskms://alias/x", "encryptedkey": "abc="}
    assert read_keys(path) == keys


@settings(deadline=None)
@given(value=json_values)
def test_a_plain_value_reads_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    path = tmp_path_factory.mktemp("stack") / "Pulumi.dev.yaml"

    write_stack_file(path, {"ecommerce:value": value}, PASSPHRASE)

    read = yaml.safe_load(path.read_text()).get("config", {}).get("ecommerce:value")
    assert read == value


def test_text_that_looks_like_another_type_stays_text(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.dev.yaml"
    config = {f"e:v{index}": text for index, text in enumerate(["0123", "yes", "null", "1e3", "2024-01-01", "~", ""])}

    write_stack_file(path, config, PASSPHRASE)

    assert yaml.safe_load(path.read_text())["config"] == config


def test_a_value_with_a_secret_inside_is_secret_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.dev.yaml"
    config = {"ecommerce:database": {"user": "app", "passwords": [Secret("one"), Secret({"two": 2})]}}

    secrets = write_stack_file(path, config, PASSPHRASE)

    assert json.loads(secrets["ecommerce:database"]) == {"user": "app", "passwords": ["one", {"two": 2}]}
    assert "app" not in path.read_text()


@pytest.mark.parametrize(
    ("value", "text"), [(True, "true"), (3, "3"), (None, "null"), ("ü\n", "ü\n"), (["ü"], '["ü"]')]
)
def test_a_secret_that_is_no_text_is_encrypted_as_json(tmp_path: Path, value: Any, text: str) -> None:
    assert write_stack_file(tmp_path / "Pulumi.dev.yaml", {"e:v": Secret(value)}, PASSPHRASE) == {"e:v": text}


def test_null_is_a_value_that_is_not_set(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.dev.yaml"
    write_stack_file(path, {"e:absent": None, "e:there": 1}, PASSPHRASE)

    assert yaml.safe_load(path.read_text())["config"] == {"e:there": 1}


def test_every_value_that_cannot_be_written_is_named_at_once(tmp_path: Path) -> None:
    config = {"noNamespace": 1, "e:a": {"b": [{"secure": "v1:x"}]}, "e:c": object(), "e:d": Secret(object)}

    with pytest.raises(ConfigurationError) as refused:
        write_stack_file(tmp_path / "Pulumi.dev.yaml", config, PASSPHRASE)

    assert [problem.path for problem in refused.value.problems] == ["noNamespace", "e:a.b[0]", "e:c"]


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a b", "x" * 101])
def test_the_stacks_name_cannot_lead_to_another_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError):
        stack_file(tmp_path, name)


def test_a_missing_file_has_no_keys(tmp_path: Path) -> None:
    assert read_keys(tmp_path / "Pulumi.dev.yaml") == SecretsProvider()


def test_a_secret_is_found_at_any_depth() -> None:
    assert has_secret({"a": [{"b": Secret(1)}]})
    assert not has_secret({"a": [{"b": 1}, "Secret"]})
