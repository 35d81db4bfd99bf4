"""Foreign text must not act on the terminal."""

import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_cli.terminal import clean, make_console


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b2Jgone", "gone"),
        ("a\rb", "a b"),
        ("a\x08b\x00c", "abc"),
        ("safe\u202eevil", "safeevil"),
        ("two\nlines", "two lines"),
        ("half \ud800 pair", "half ? pair"),
        ("ünïcode 日本", "ünïcode 日本"),
    ],
)
def test_control_sequences_and_invisible_marks_are_removed(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_line_feeds_stay_where_lines_are_wanted() -> None:
    assert clean("a\r\nb\x1b[1m", lines=True) == "a\nb"


@given(st.text())
def test_whatever_comes_no_control_character_is_left(text: str) -> None:
    assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in clean(text))


@given(st.text())
def test_what_is_clean_stays_as_it_is(text: str) -> None:
    assert clean(clean(text)) == clean(text)


def test_consoles_take_nothing_for_markup() -> None:
    file = io.StringIO()
    make_console(file, no_color=False, width=80).print("[bold]not bold[/] :smile: [link=x]y[/link]")
    assert file.getvalue() == "[bold]not bold[/] :smile: [link=x]y[/link]\n"
