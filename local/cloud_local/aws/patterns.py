"""EventBridge event patterns, as rules and event source filters use them.

The subset: exact values, prefix, suffix, exists, anything-but (values or a prefix), numeric, equals-ignore-case, and $or.
Any other operator is an error when the pattern is compiled: a rule that silently never matches would hide a defect.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

Matcher = Callable[[Any], bool]
"""Called with the value of one field; lists match when one element does, and a missing field is ``MISSING``."""


class _Missing:
    def __repr__(self) -> str:
        return "(missing)"


MISSING = _Missing()
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compile_pattern(pattern: Mapping[str, Any], path: str = "") -> Matcher:
    """A function that says whether an event matches. Raises ValueError naming the field that can't be compiled."""
    if not pattern:
        raise ValueError(f"Event pattern is empty{f' at {path}' if path else ''}.")
    checks = [_compile_field(name, wanted, f"{path}.{name}" if path else name) for name, wanted in pattern.items()]
    return lambda event: all(check(event) for check in checks)


def _compile_field(name: str, wanted: Any, path: str) -> Matcher:
    if name == "$or":
        if not isinstance(wanted, list) or len(wanted) < 2:
            raise ValueError(f"Event pattern is not valid at {path}: $or takes two or more patterns.")
        alternatives = [compile_pattern(each, path) for each in wanted]
        return lambda event: any(alternative(event) for alternative in alternatives)
    if isinstance(wanted, Mapping):
        nested = compile_pattern(wanted, path)
        return lambda event: nested(_field(event, name))
    if not isinstance(wanted, (list, tuple)) or not wanted:
        raise ValueError(f"Event pattern is not valid at {path}: a list of values or a nested pattern is expected.")
    matchers = [_compile_value(value, path) for value in wanted]
    return lambda event: any(matcher(_field(event, name)) for matcher in matchers)


def _field(event: Any, name: str) -> Any:
    if isinstance(event, list):  # a nested list: one of its objects may match
        return [each[name] for each in event if isinstance(each, Mapping) and name in each] or MISSING
    return event.get(name, MISSING) if isinstance(event, Mapping) else MISSING


def _compile_value(wanted: Any, path: str) -> Matcher:
    if not isinstance(wanted, Mapping):
        if wanted is not None and not isinstance(wanted, (str, int, float)):
            raise ValueError(f"Event pattern is not valid at {path}: {wanted!r} is not a value.")
        return _one_of(lambda value: _same(value, wanted))
    if len(wanted) != 1:
        raise ValueError(f"Event pattern is not valid at {path}: one operator at a time, not {sorted(wanted)}.")
    name, argument = next(iter(wanted.items()))
    if name == "exists":
        return _compile_exists(argument, path)
    if name == "anything-but":
        return _compile_anything_but(argument, path)
    if name == "numeric":
        return _one_of(_compile_numeric(argument, path))
    if name in ("prefix", "suffix", "equals-ignore-case"):
        if not isinstance(argument, str):
            raise ValueError(f"Event pattern is not valid at {path}: {name} takes a string.")
        return _one_of(_text_test(name, argument))
    raise ValueError(f"Event pattern uses an operator that local mode doesn't support at {path}: {name!r}.")


def _one_of(test: Matcher) -> Matcher:
    return lambda value: any(test(each) for each in value) if isinstance(value, list) else test(value)


def _same(value: Any, wanted: Any) -> bool:
    # 1 == True in Python, but not in JSON.
    return value is not MISSING and isinstance(value, bool) == isinstance(wanted, bool) and bool(value == wanted)


def _text_test(name: str, argument: str) -> Matcher:
    tests: Mapping[str, Callable[[str], bool]] = {
        "prefix": lambda value: value.startswith(argument),
        "suffix": lambda value: value.endswith(argument),
        "equals-ignore-case": lambda value: value.casefold() == argument.casefold(),
    }
    test = tests[name]
    return lambda value: isinstance(value, str) and test(value)


def _compile_exists(argument: Any, path: str) -> Matcher:
    if not isinstance(argument, bool):
        raise ValueError(f"Event pattern is not valid at {path}: exists takes true or false.")
    return lambda value: (value is not MISSING) == argument


def _compile_anything_but(argument: Any, path: str) -> Matcher:
    """Matches a field that is there and is none of the values."""
    if isinstance(argument, Mapping):
        unwanted = [_compile_value(argument, path)]
    else:
        unwanted = [
            _compile_value(value, path) for value in (argument if isinstance(argument, (list, tuple)) else [argument])
        ]

    def none_of(value: Any) -> bool:
        return value is not MISSING and not any(matcher(value) for matcher in unwanted)

    return _one_of(none_of)


def _compile_numeric(argument: Any, path: str) -> Matcher:
    """``[">", 0, "<=", 5]``"""
    terms = list(argument) if isinstance(argument, (list, tuple)) else []
    pairs = list(zip(terms[::2], terms[1::2], strict=False))
    valid = pairs and len(terms) % 2 == 0 and all(name in _COMPARISONS and _is_number(bound) for name, bound in pairs)
    if not valid:
        raise ValueError(f"Event pattern is not valid at {path}: numeric takes comparisons and numbers.")
    return lambda value: _is_number(value) and all(_COMPARISONS[name](value, bound) for name, bound in pairs)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
