from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.adapters.pulumi.redaction import MESSAGE_LIMIT, Redactor
from cloud.ports.runner import Secret


@settings(deadline=None)
@given(secret=st.text(min_size=4).filter(lambda text: len(text.strip()) >= 4), before=st.text(), after=st.text())
def test_no_message_holds_a_secret(secret: str, before: str, after: str) -> None:
    shown = Redactor([secret]).message(f"{before}{secret}{after}")

    # The mark itself may spell part of a secret ("[sec"), which tells nobody anything.
    assert secret not in shown.replace("[secret]", "")


@pytest.mark.parametrize(
    "form",
    [
        lambda secret: secret,
        lambda secret: json.dumps({"password": secret}),
        lambda secret: json.dumps({"password": secret}, ensure_ascii=False),
        lambda secret: base64.b64encode(secret.encode()).decode(),
        lambda secret: f"postgres://app:{quote(secret, safe='')}@db",
        lambda secret: f"\x1b[31m{secret}\x1b[0m",
        lambda secret: "<{%fg 1%}>" + secret + "<{%reset%}>",
    ],
)
def test_a_secret_is_found_in_the_forms_in_which_programs_show_it(form: object) -> None:
    secret = 'pa"ss/wörd & more'
    shown = Redactor([secret]).message(form(secret))  # type: ignore[operator]

    assert "[secret]" in shown
    assert "rd & more" not in shown
    assert "w%C3%B6rd" not in shown


def test_a_secret_of_several_lines_is_hidden_line_by_line() -> None:
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n-----END KEY-----\n"
    redactor = Redactor([key])

    assert redactor.message("line: MIIEvQIBADANBg") == "line: [secret]"


def test_parts_of_a_structured_secret_are_hidden_wherever_they_lie() -> None:
    redactor = Redactor([Secret({"user": "postgres", "ports": [54321], "nested": {"token": Secret("abcdefgh")}})])

    assert redactor.message("postgres 54321 abcdefgh") == "[secret] [secret] [secret]"


def test_the_longer_secret_wins_over_one_that_is_part_of_it() -> None:
    assert Redactor(["hunter", "hunter2000"]).message("hunter2000!") == "[secret]!"


def test_a_short_secret_is_hidden_where_it_stands_alone() -> None:
    assert Redactor(["ab"]).message("ab about 'ab'") == "[secret] about '[secret]'"


def test_nothing_to_hide_hides_nothing() -> None:
    assert Redactor(["", "  ", None, True, 7, {}]).message("True 7 none") == "True 7 none"


def test_what_is_learnt_later_is_hidden_from_then_on() -> None:
    redactor = Redactor()
    assert redactor.message("token-123") == "token-123"
    redactor.learn(["token-123"])
    assert redactor.message("token-123") == "[secret]"


def test_control_characters_and_colours_are_removed() -> None:
    text = "a\x1b[31mred\x1b[0m\x1b]0;title\x07 \x00\x08\x9b<{%reset%}>b\u202e\tc\nd\r"
    assert Redactor().message(text) == "ared b\tc\nd"


def test_a_very_long_message_is_cut_and_says_so() -> None:
    shown = Redactor().message("x" * (MESSAGE_LIMIT + 1234))

    assert shown.startswith("x" * MESSAGE_LIMIT)
    assert shown.endswith("(1,234 more characters left out)")


def test_a_secret_across_the_cut_is_hidden_before_it_is_cut() -> None:
    secret = "supersecretvalue"
    shown = Redactor([secret]).message("x" * (MESSAGE_LIMIT - 5) + secret + "y" * 50)

    assert "super" not in shown


def test_files_of_the_program_are_named_without_the_runs_folder() -> None:
    redactor = Redactor(folder="/tmp/run-1/program")
    assert redactor.message('File "/tmp/run-1/program/__main__.py", line 3') == 'File "__main__.py", line 3'
