"""Typed configuration: one pydantic model per stack, read from the project's namespace.

Pulumi hands every value over as text. A field of a text type (``str``, ``Literal["a"]``) gets it as it stands, any other
the JSON it holds. Keys are camelCase; the snake_case form of the manifest means the same key. For an optional field an
empty value and ``null`` mean "not set", so that another stack's output may be handed on whether or not it is there.

In a preview a value may be unknown, because it comes out of a stack that isn't deployed yet. A field of type ``Input[…]``
takes it as an unknown Output; where any other field needs it, the program is not previewable.
"""

from __future__ import annotations

import difflib
import json
import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env, is_config_secret
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from cloud_stack.inputs import is_output_type
from cloud_stack.preview import Preview, UnknownValue, current_preview, not_previewable

Model = TypeVar("Model", bound="StackConfig")


class ConfigurationError(pulumi.RunError):
    """The stack's configuration is not usable; the message lists every problem. Ends the program without a traceback."""


class StackConfig(BaseModel):
    """Base of a stack's configuration and of the objects nested in it: frozen, camelCase keys."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, validate_default=True)


class Section(StackConfig):
    """An object inside a configuration. Unlike a stack's own keys, which it shares with the whole deployment, unknown keys
    here can only be mistakes.
    """

    model_config = ConfigDict(extra="forbid")


def load(model: type[Model]) -> Model:
    """The running stack's configuration. Raises ``ConfigurationError`` with all problems at once, and when there are none
    ``NotPreviewableError`` for what a preview has to know and can't.

    A key that the model does not know may be meant for another stack (the manifest's ``defaults`` reach all of them), so it
    is no error; where it looks like a misspelt one of this stack, it is a warning.
    """
    config = pulumi.Config()
    for warning in _misspelt(config, model):
        pulumi.log.warn(warning)
    preview = current_preview()
    preview.configuration_was_read()
    given = _collect(model, config, preview)
    problems, awaited = given.problems, given.awaited
    try:
        loaded = model.model_validate(given.values)
    except ValidationError as error:
        awaited |= _awaited_inside(error, _given(config, preview, given.values))
        problems.extend(_explain(error, config, _aliases(model), awaited))
        loaded = None
    if problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        listed = "\n".join(f"  - {problem}" for problem in problems)
        raise ConfigurationError(f"{count} in the configuration of {pulumi.get_stack()}:\n{listed}")
    if awaited or loaded is None:
        keys = ", ".join(config.full_key(key) for key in awaited)
        raise not_previewable(
            {stack for value in awaited.values() for stack in value.stacks},
            f"the program can't go on without the value of {keys}",
        )
    return loaded


@dataclass(slots=True)
class _Collected:
    """What is given for a model, by camelCase key. ``awaited`` is unknown, in fields that can't do without."""

    values: dict[str, Any] = dataclass_field(default_factory=dict)
    awaited: dict[str, UnknownValue] = dataclass_field(default_factory=dict)
    problems: list[str] = dataclass_field(default_factory=list)


def _collect(model: type[BaseModel], config: pulumi.Config, preview: Preview) -> _Collected:
    found = _Collected()
    for name, field in model.model_fields.items():
        camel = field.alias or name
        given = _given(config, preview, (camel, name))
        if len(given) > 1 and len({str(value) for value in given.values()}) > 1:
            found.problems.append(
                f"{config.full_key(camel)}: also given as '{name}', with another value; keep one of them"
            )
        for value in given.values():
            if isinstance(value, UnknownValue):
                if value.is_whole and not _takes_outputs(field.annotation):
                    found.awaited[camel] = value
                else:
                    found.values[camel] = value.with_outputs()
                continue
            decoded = _decode(value, field.annotation)
            if decoded is not None or not _is_optional(field.annotation):
                found.values[camel] = decoded
    return found


def _given(config: pulumi.Config, preview: Preview, keys: Iterable[str]) -> dict[str, str | UnknownValue]:
    """What is given under ``keys``: a text, or what a preview knows of it."""
    unknown = {key: preview.config[full] for key in keys if (full := config.full_key(key)) in preview.config}
    return {key: text for key in keys if (text := config.get(key)) is not None} | unknown


def _awaited_inside(error: ValidationError, given: Mapping[str, str | UnknownValue]) -> dict[str, UnknownValue]:
    """The values, by key, inside of which a field needs something that is unknown."""
    keys = {str(problem["loc"][0]) for problem in error.errors() if isinstance(problem["input"], pulumi.Output)}
    return {key: value for key in sorted(keys) if isinstance(value := given.get(key), UnknownValue)}


def _explain(
    error: ValidationError, config: pulumi.Config, known: Mapping[str, str], awaited: Mapping[str, UnknownValue]
) -> Iterator[str]:
    """One line per problem: the key with its path, what was expected, what was given (unless it is a secret).

    What is only unknown yet is no problem, nor is a rule between fields one while there are such.
    """
    for problem in error.errors(include_url=False):
        path = [str(part) for part in problem["loc"]]
        if not path:  # a rule between fields; its own message names them
            if not awaited:
                yield problem["msg"].removeprefix("Value error, ")
            continue
        if path[0] in awaited and (problem["type"] == "missing" or isinstance(problem["input"], pulumi.Output)):
            continue
        key = config.full_key(path[0])
        where = ".".join((key, *path[1:]))
        if problem["type"] == "missing":
            yield f"{where}: required, and not set"
        elif problem["type"] == "extra_forbidden":
            near = difflib.get_close_matches(path[-1], known, n=1)
            yield f"{where}: unknown key" + (f"; did you mean '{near[0]}'?" if near else "")
        elif is_config_secret(key):
            yield f"{where}: not acceptable ({problem['type']}); its value is a secret and is not shown"
        else:
            yield f"{where}: {problem['msg'].removeprefix('Value error, ')} (got {_shown(problem['input'])})"


def _misspelt(config: pulumi.Config, model: type[BaseModel]) -> Iterator[str]:
    """A warning for every key of the project that is nearly one of the model's, while that one is not set."""
    set_keys = {
        key.removeprefix(f"{config.name}:")
        for key in {**get_config_env(), **CONFIG.get()}
        if key.startswith(f"{config.name}:")
    }
    fields = {key: name for name, field in model.model_fields.items() for key in (field.alias or name, name)}
    unset = [key for key, name in fields.items() if not {name, to_camel(name)} & set_keys]
    for key in sorted(set_keys - fields.keys()):
        for near in difflib.get_close_matches(key, unset, n=1, cutoff=0.85):
            yield f"{config.full_key(key)} is not a key of this stack; did you mean '{near}'?"


def _shown(value: Any, length: int = 80) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _aliases(model: type[BaseModel]) -> dict[str, str]:
    """Every key that the model and the objects nested in it know, for suggestions."""
    found: dict[str, str] = {}
    for name, field in model.model_fields.items():
        found[field.alias or name] = name
        for inner in _models_in(field.annotation):
            found.update(_aliases(inner))
    return found


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def _decode(text: str, annotation: Any) -> Any:
    """The value a field gets: JSON unless the field takes text; None for the two forms of "not set" of an optional field."""
    if _is_optional(annotation) and text in ("", "null"):
        return None
    if _takes_text(annotation):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text  # pydantic says what it expected


def _is_optional(annotation: Any) -> bool:
    return type(None) in _members(annotation)


def _takes_outputs(annotation: Any) -> bool:
    return any(is_output_type(member) for member in _members(annotation))


def _takes_text(annotation: Any) -> bool:
    return all(
        member is type(None)
        or is_output_type(member)
        or (isinstance(member, type) and issubclass(member, str))
        or (get_origin(member) is Literal and all(isinstance(choice, str) for choice in get_args(member)))
        for member in _members(annotation)
    )


def _members(annotation: Any) -> tuple[Any, ...]:
    """The alternatives of a union, without their ``Annotated`` wrappers; one alternative for any other type."""
    if get_origin(annotation) is Annotated:
        return _members(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return tuple(member for argument in get_args(annotation) for member in _members(argument))
    return (annotation,)
