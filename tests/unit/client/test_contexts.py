"""Contexts: written whole, readable by their owner alone, and never a token in a message."""

import stat
from pathlib import Path

import pytest

from cloud.client.contexts import Context, context_file, load_context, remove_context, save_context
from cloud.domain.errors import ConfigurationError, NetworkError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CLOUD_HOME", str(tmp_path))
    return tmp_path


A_CONTEXT = Context("http://127.0.0.1:1", "ws://127.0.0.1:1", "t0ken", "ann")


def test_what_is_saved_is_loaded_and_only_its_owner_can_read_it(home: Path) -> None:
    path = save_context("local", A_CONTEXT)
    assert load_context("local") == A_CONTEXT
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_missing_local_context_says_how_to_start_local_mode(home: Path) -> None:
    with pytest.raises(NetworkError) as caught:
        load_context("local")
    assert "cloud local start" in caught.value.hint


def test_a_broken_context_file_is_named(home: Path) -> None:
    save_context("local", A_CONTEXT).write_text("{")
    with pytest.raises(ConfigurationError, match=r"local\.json"):
        load_context("local")


def test_removing_a_context_twice_is_no_error(home: Path) -> None:
    save_context("local", A_CONTEXT)
    remove_context("local")
    remove_context("local")
    assert not context_file("local").exists()


def test_a_printed_context_holds_no_token() -> None:
    assert "t0ken" not in repr(A_CONTEXT)


def test_an_unknown_context_says_which_there_are(home: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_context("prod")
    assert caught.value.hint == "`cloud local start` makes the context 'local'."
    save_context("production", A_CONTEXT)
    for name, hint in (("productoin", "production"), ("zzz", "There is: production.")):
        with pytest.raises(ConfigurationError) as caught:
            load_context(name)
        assert hint in caught.value.hint
