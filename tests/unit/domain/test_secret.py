from __future__ import annotations

from cloud.domain.secret import (
    Secret,
    contains_secret,
    hide_shown,
    is_secret_form,
    redact,
    reveal,
    to_forms,
    wrap_secrets,
)


def test_a_secret_shows_nothing_of_its_value() -> None:
    assert "hunter2" not in repr(Secret("hunter2"))
    assert "hunter2" not in f"{[Secret('hunter2')]}"


def test_only_a_map_with_the_single_key_secret_is_a_secret() -> None:
    assert is_secret_form({"secret": 1})
    assert not is_secret_form({"secret": 1, "client": 2})
    assert not is_secret_form("secret")


def test_secrets_are_wrapped_wherever_they_are() -> None:
    value = {"a": [{"secret": "x"}], "b": {"c": {"secret": {"d": 1}}}, "e": Secret("y"), "f": 1}
    assert wrap_secrets(value) == {"a": [Secret("x")], "b": {"c": Secret({"d": 1})}, "e": Secret("y"), "f": 1}


def test_a_secret_in_a_secret_is_one_secret() -> None:
    assert wrap_secrets({"secret": {"a": {"secret": "x"}}}) == Secret({"a": "x"})
    assert wrap_secrets(Secret({"secret": "x"})) == Secret("x")


def test_secrets_are_found_in_either_form() -> None:
    assert contains_secret({"a": [1, {"b": Secret(1)}]})
    assert contains_secret([{"secret": 1}])
    assert not contains_secret({"a": [1, {"b": "secret"}]})


def test_secrets_are_revealed_redacted_and_written_as_forms() -> None:
    value = {"a": [Secret({"b": Secret("x")})], "c": 1}
    assert reveal(value) == {"a": [{"b": "x"}], "c": 1}
    assert redact(value) == {"a": ["[secret]"], "c": 1}
    assert redact({"a": {"secret": "x"}}) == {"a": "[secret]"}
    assert to_forms(value) == {"a": [{"secret": {"b": "x"}}], "c": 1}
    assert wrap_secrets(to_forms(value)) == {"a": [Secret({"b": "x"})], "c": 1}


def test_what_shows_a_known_secret_is_a_secret() -> None:
    known = ({"password": Secret("correct horse")}, [Secret({"user": "somebody", "port": 5432})])
    shown = {"url": "db://root:correct horse@db", "in": [{"a": "somebody"}], "name": "db", "port": 5432}
    assert hide_shown(shown, known) == {
        "url": Secret("db://root:correct horse@db"),
        "in": Secret([{"a": "somebody"}]),
        "name": "db",
        "port": 5432,
    }


def test_what_is_no_secret_or_too_short_to_be_told_apart_is_not_looked_for() -> None:
    known = {"plain": "correct horse", "short": Secret("dev"), "keys": Secret({"username": "x"})}
    shown = {"a": "correct horse", "b": "dev", "c": {"username": 1}, "d": Secret("correct horse")}
    assert hide_shown(shown, known) == shown
