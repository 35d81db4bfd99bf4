r"""Runtime placeholders: ``{{namespace.path | default(value)}}``.

    {{deployment.id}} {{deployment.org}} {{deployment.project}}
    {{env.name}} {{env.region}} {{env.account}}                  the deployment's environment, never the process's
    {{stack.NAME.OUTPUT}} {{stack.NAME.OUTPUT.key.0}}            a key of a map, or the index of a list, may follow
    {{aws.account.id}} {{aws.region}} {{aws.azs}} {{aws.vpc.default}} {{aws.ami.NAME}}
    {{ssm./path}} {{secret.NAME}}

White space is allowed around the parts. ``default(…)`` holds JSON, or a text in single quotes (``''`` is a quote in it).
``\{{`` is a literal ``{{``; any other ``{{`` has to begin a placeholder. Only values hold placeholders: keys of maps are
never scanned. ``placeholders_resolution`` puts values in their places.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, NoReturn

from cloud.domain.document import Path, format_path
from cloud.domain.errors import ConfigurationError, Problem
from cloud.domain.identifiers import STACK
from cloud.domain.secret import Secret, is_secret_form
from cloud.domain.suggestions import did_you_mean

NAMESPACES = ("deployment", "env", "stack", "aws", "ssm", "secret")

_FIXED = {
    "deployment": ("id", "org", "project"),
    "env": ("name", "region", "account"),
    "aws": ("account.id", "region", "azs", "vpc.default"),
}
_AMI = re.compile(r"ami\.([A-Za-z0-9][A-Za-z0-9._/-]*)")
_PARAMETER = re.compile(r"/[A-Za-z0-9_.\-/]+")
_SECRET_NAME = re.compile(r"[A-Za-z0-9/_+=.@-]+")
_OUTPUT = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_SEGMENT = re.compile(r"[A-Za-z0-9_-]+")

OPENING = re.compile(r"\\?\{\{")
_REFERENCE = re.compile(r"\s*([^\s|{}]*)\s*")
_DEFAULT = re.compile(r"\|\s*default\s*\(\s*")
_QUOTED = re.compile(r"'((?:[^']|'')*)'")
_DEFAULT_END = re.compile(r"\s*\)\s*")

_FORM = "{{namespace.path}} or {{namespace.path | default(value)}}"
_LITERAL = r"write \{{ where a literal {{ is meant"
_CACHED_LENGTH = 1_000  # longer texts are rare, and would make the cache heavy


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One placeholder. ``key`` says what to look up (``stack.network.vpcId``), ``path`` the place inside what is found.

    ``default`` is a JSON value and counts only with ``has_default``; ``raw`` is the text as written.
    """

    raw: str
    namespace: str
    name: str
    output: str = ""
    path: tuple[str, ...] = ()
    default: Any = None
    has_default: bool = False

    @property
    def key(self) -> str:
        return ".".join(part for part in (self.namespace, self.name, self.output) if part)

    @property
    def stack(self) -> str:
        """The stack whose output it is, or an empty text."""
        return self.name if self.namespace == "stack" else ""


@dataclass(frozen=True, slots=True)
class Malformed:
    """A ``{{`` that begins no placeholder: where in the text it stands (from 0), and why."""

    offset: int
    message: str
    expected: str = ""
    suggestion: str = ""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """What was found in a value: a placeholder, or a malformed one."""

    path: Path
    found: Placeholder | Malformed

    @property
    def problem(self) -> Problem | None:
        if isinstance(self.found, Placeholder):
            return None
        malformed = self.found
        return Problem(
            malformed.message,
            path=format_path(self.path),
            expected=malformed.expected,
            suggestion=malformed.suggestion,
        )


def parse(text: str) -> tuple[str | Placeholder | Malformed, ...]:
    r"""``text`` in parts: literal text (with ``\{{`` already made ``{{``), placeholders, and what is malformed.

    After something malformed the rest of the text is not read; it is missing from the parts.
    """
    if "{{" not in text:
        return (text,) if text else ()
    return _parse_cached(text) if len(text) <= _CACHED_LENGTH else _parse(text)


def escape(text: str) -> str:
    r"""``text`` such that it stands for itself: every ``{{`` written ``\{{``."""
    return text.replace("{{", r"\{{")


def occurrences(value: Any, path: Path = ()) -> Iterator[Occurrence]:
    """Every placeholder in the values of ``value``, however deep, in document order.

    The text of secrets (``Secret`` and ``{secret: …}``, which is one place) is read too, and never quoted in what is
    malformed.
    """
    return _occurrences(value, path, hidden=False)


def placeholders(value: Any) -> list[Placeholder]:
    """Every placeholder in ``value``. Raises ConfigurationError with all that are malformed."""
    found = list(occurrences(value))
    problems = [item.problem for item in found if item.problem]
    if problems:
        raise ConfigurationError("The configuration has malformed placeholders.", problems=problems)
    return [item.found for item in found if isinstance(item.found, Placeholder)]


def references(value: Any) -> dict[str, frozenset[str]]:
    """The stacks that ``value`` needs outputs of, and which: its implicit dependencies.

    Raises ConfigurationError with all placeholders that are malformed.
    """
    outputs: dict[str, set[str]] = {}
    for placeholder in placeholders(value):
        if placeholder.stack:
            outputs.setdefault(placeholder.stack, set()).add(placeholder.output)
    return {stack: frozenset(names) for stack, names in outputs.items()}


def _occurrences(value: Any, path: Path, *, hidden: bool) -> Iterator[Occurrence]:
    if isinstance(value, str):
        if "{{" in value:
            for part in parse(value):
                if isinstance(part, Malformed) and hidden:
                    yield Occurrence(
                        path, Malformed(part.offset, "a {{ in this secret begins no placeholder", _FORM, _LITERAL)
                    )
                elif not isinstance(part, str):
                    yield Occurrence(path, part)
    elif isinstance(value, Secret):
        yield from _occurrences(value.value, path, hidden=True)
    elif isinstance(value, Mapping):
        secret = is_secret_form(value)
        for key, item in value.items():
            yield from _occurrences(item, path if secret else (*path, key), hidden=hidden or secret)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _occurrences(item, (*path, index), hidden=hidden)


class MalformedError(Exception):
    """Carries a Malformed out of the functions below; ``details`` are its message, expected and suggestion."""

    def __init__(self, message: str, expected: str = "", suggestion: str = "") -> None:
        super().__init__(message)
        self.details = (message, expected, suggestion)


def _parse(text: str) -> tuple[str | Placeholder | Malformed, ...]:
    parts: list[str | Placeholder | Malformed] = []
    literal, position = "", 0
    while (opening := OPENING.search(text, position)) is not None:
        literal += text[position : opening.start()]
        if opening.group() == r"\{{":
            literal += "{{"
            position = opening.end()
            continue
        try:
            placeholder, end = _read(text, opening.start(), opening.end())
        except MalformedError as malformed:
            return (*parts, *filter(None, [literal]), Malformed(opening.start(), *malformed.details))
        parts.extend([literal, placeholder] if literal else [placeholder])
        literal, position = "", end
    literal += text[position:]
    return (*parts, literal) if literal else tuple(parts)


_parse_cached = lru_cache(maxsize=4096)(_parse)


def _read(text: str, start: int, position: int) -> tuple[Placeholder, int]:
    """The placeholder whose braces opened at ``start``, and where the text goes on."""
    read = read_expression(text, position)
    namespace, name, output, path = _analyse(read.reference)
    return Placeholder(text[start : read.end], namespace, name, output, path, read.default, read.has_default), read.end


class Expression(NamedTuple):
    """What stands between braces, whoever it is for. ``end`` is where the text goes on after the closing ones."""

    reference: str
    default: Any
    has_default: bool
    end: int


def read_expression(text: str, position: int) -> Expression:
    """The expression whose opening braces end at ``position``. Raises MalformedError."""
    match = _REFERENCE.match(text, position)
    reference = match.group(1) if match else ""
    position = match.end() if match else position
    default, has_default = None, False
    filtered = _DEFAULT.match(text, position)
    if filtered:
        default, position = _read_default(text, filtered.end())
        has_default = True
    if not text.startswith("}}", position):
        if "}}" not in text[position:]:
            _fail("a placeholder is not closed", "}} at its end", _LITERAL)
        _fail("a placeholder is malformed", _FORM, _LITERAL)
    return Expression(reference, default, has_default, position + 2)


def _read_default(text: str, position: int) -> tuple[Any, int]:
    quoted = _QUOTED.match(text, position)
    value: Any
    if quoted:
        value, position = quoted.group(1).replace("''", "'"), quoted.end()
    else:
        try:
            value, position = _JSON.raw_decode(text, position)
        except (ValueError, RecursionError):
            _fail("the default of a placeholder is malformed", "JSON or a text in single quotes, such as default('x')")
    end = _DEFAULT_END.match(text, position)
    if end is None:
        _fail("the default of a placeholder is malformed", "one value and a closing parenthesis")
    return value, end.end()


def _analyse(reference: str) -> tuple[str, str, str, tuple[str, ...]]:
    """Namespace, name, output and path of ``stack.network.subnets.0``."""
    namespace, _, rest = reference.partition(".")
    if namespace not in NAMESPACES:
        _fail(
            f"unknown placeholder {reference[:120]!r}" if reference else "a placeholder is empty",
            f"one of {', '.join(NAMESPACES)}",
            did_you_mean(namespace[:60], NAMESPACES) or _LITERAL,
        )
    if namespace == "stack":
        stack, _, outputs = rest.partition(".")
        output, *path = outputs.split(".")
        if not STACK.matches(stack) or not _OUTPUT.fullmatch(output) or not all(map(_SEGMENT.fullmatch, path)):
            _fail(f"{{{{{reference[:120]}}}}} is malformed", "{{stack.NAME.OUTPUT}} or {{stack.NAME.OUTPUT.path}}")
        return namespace, stack, output, tuple(path)
    if namespace == "ssm":
        _require(_PARAMETER.fullmatch(rest), reference, "{{ssm./path}}")
    elif namespace == "secret":
        _require(_SECRET_NAME.fullmatch(rest), reference, "{{secret.NAME}}")
    elif rest not in _FIXED[namespace] and not (namespace == "aws" and _AMI.fullmatch(rest)):
        known = [f"{namespace}.{name}" for name in (*_FIXED[namespace], *(["ami.NAME"] if namespace == "aws" else []))]
        _fail(f"unknown placeholder {reference[:120]!r}", f"one of {', '.join(known)}", did_you_mean(reference, known))
    return namespace, rest, "", ()


def _require(matched: object, reference: str, form: str) -> None:
    if not matched:
        _fail(f"{{{{{reference[:120]}}}}} is malformed", form)


def _fail(message: str, expected: str = "", suggestion: str = "") -> NoReturn:
    raise MalformedError(message, expected, suggestion)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


_JSON = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite)
