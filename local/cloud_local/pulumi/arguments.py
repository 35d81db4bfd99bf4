"""Command lines in the grammar of the CLI: subcommands, `--flag value`, `--flag=value`, `-f value`, `--` ends flags.

What a command doesn't know is an error, as it is there; nothing is ignored.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .errors import UsageError

BOOL, TEXT, LIST = "bool", "text", "list"


@dataclass(frozen=True)
class Flag:
    """One flag; `short` is its one-letter form. `default_when_bare`: the value of `--flag` without one."""

    name: str
    kind: str = TEXT
    short: str = ""
    default_when_bare: str | None = None


def flags(text: str) -> list[Flag]:
    """Flags from a compact table: `yes/y stack/s= target/t* refresh/r?true`, where = takes a value, * is repeatable."""
    result = []
    for word in text.split():
        bare = None
        if "?" in word:
            word, bare = word.split("?")
        kind = TEXT if word.endswith("=") or bare is not None else LIST if word.endswith("*") else BOOL
        name, _, short = word.rstrip("=*").partition("/")
        result.append(Flag(name, kind, short, bare))
    return result


@dataclass
class Arguments:
    """What was given: positional words, and flags by name (bool, text, or a list of texts)."""

    words: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)

    def flag(self, name: str) -> bool:
        """A yes-or-no flag."""
        return bool(self.values.get(name, False))

    def text(self, name: str, default: str = "") -> str:
        """A flag with a value."""
        return str(self.values.get(name, default))

    def texts(self, name: str) -> list[str]:
        """A repeatable flag."""
        return list(self.values.get(name, []))


def parse(words: list[str], known: list[Flag]) -> Arguments:
    """Parse what follows the command's name. Raises UsageError for unknown flags and missing or bad values."""
    by_name = {f"--{flag.name}": flag for flag in known}
    by_name |= {f"-{flag.short}": flag for flag in known if flag.short}
    result = Arguments()
    queue = list(words)
    while queue:
        word = queue.pop(0)
        if word == "--":
            result.words += queue
            break
        if not word.startswith("-") or word == "-":
            result.words.append(word)
            continue
        name, given, value = word.partition("=")
        if not name.startswith("--") and len(name) > 2:
            # -sdev is -s dev; -yf is -y -f.
            name, rest = name[:2], word[2:]
            if by_name.get(name, Flag("")).kind == BOOL:
                queue.insert(0, f"-{rest}")
                given = ""
            else:
                given, value = "=", rest.removeprefix("=")
        flag = by_name.get(name)
        if flag is None:
            kind = "flag" if name.startswith("--") else "shorthand flag"
            shown = name if name.startswith("--") else f"{name[1:]!r} in {word}"
            raise UsageError(f"unknown {kind}: {shown}")
        _store(result, flag, word, value if given else None, queue)
    return result


def _store(result: Arguments, flag: Flag, word: str, value: str | None, queue: list[str]) -> None:
    if flag.kind == BOOL:
        if value not in (None, "true", "false", "1", "0"):
            raise UsageError(f'invalid argument "{value}" for "--{flag.name}" flag: invalid syntax')
        result.values[flag.name] = value in (None, "true", "1")
        return
    if value is None:
        if flag.default_when_bare is not None:
            value = flag.default_when_bare
        elif queue:
            value = queue.pop(0)
        else:
            raise UsageError(f"flag needs an argument: {word}")
    if flag.kind == LIST:
        result.values.setdefault(flag.name, []).append(value)
    else:
        result.values[flag.name] = value
