"""The only door to the process environment."""

from __future__ import annotations

import pytest

from cloud import settings as module
from cloud.domain.errors import ConfigurationError
from cloud.settings import Settings, cloud_home, engine_environment, environment_of, host_environment, read_settings


def test_an_empty_environment_gives_the_defaults() -> None:
    assert read_settings({}) == Settings()
    assert read_settings({"CLOUD_DEPLOYMENTS_TABLE": ""}) == Settings()  # empty is not given


def test_settings_come_back_from_the_environment_that_they_make() -> None:
    names = Settings.__dataclass_fields__
    chosen = Settings(**{name: "scripted" if name == "runner" else f"my-{name}" for name in names})
    environment = environment_of(chosen)
    assert len(environment) == len(names), "a setting that has no variable can't be given to a function"
    assert read_settings(environment) == chosen


def test_a_runner_that_there_is_not_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="'magic'"):
        read_settings({"CLOUD_RUNNER": "magic"})


def test_the_engine_gets_credentials_and_its_own_variables_only() -> None:
    environment = {
        "AWS_ACCESS_KEY_ID": "k",
        "AWS_SESSION_TOKEN": "",
        "AWS_PROFILE": "mine",
        "CLOUD_ENGINE_SOCKET": "/s",
        "CLOUD_KMS_KEY": "key",
        "HOME": "/home",
    }
    assert engine_environment(environment) == {"AWS_ACCESS_KEY_ID": "k", "SOCKET": "/s"}


def test_the_process_is_asked_once_and_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUD_HOME", "/somewhere")
    monkeypatch.setenv("CLOUD_STACKS_TABLE", "mine")
    assert cloud_home() == "/somewhere"
    assert host_environment()["CLOUD_HOME"] == "/somewhere"
    module.settings.cache_clear()
    try:
        first = module.settings()
        assert first.stacks_table == "mine"
        monkeypatch.setenv("CLOUD_STACKS_TABLE", "another")
        assert module.settings() is first
    finally:
        module.settings.cache_clear()
    monkeypatch.delenv("CLOUD_HOME")
    assert cloud_home().endswith(".cloud")
