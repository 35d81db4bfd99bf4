"""``Input[T]``: the type of a configuration field whose value may still be unknown in a preview.

A field of any other type needs its value before the program can say what it wants, so a preview without it is no preview.
"""

from __future__ import annotations

import operator
from functools import reduce
from typing import Annotated, Any, TypeVar, get_args

import pulumi
from pydantic import GetCoreSchemaHandler
from pydantic_core import core_schema

T = TypeVar("T")


class _LetsOutputsPass:
    """Validates as the field's own type; an Output is taken as it is."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        known = reduce(operator.or_, (member for member in get_args(source) if not is_output_type(member)))

        def validate(value: Any, inner: core_schema.ValidatorFunctionWrapHandler) -> Any:
            return value if isinstance(value, pulumi.Output) else inner(value)

        return core_schema.no_info_wrap_validator_function(validate, handler.generate_schema(known))


Input = Annotated[pulumi.Output[T] | T, _LetsOutputsPass()]
"""``vpc_id: Input[str]``: the text, or in a preview an Output whose value is not known. Hand it to resources as it is."""


def is_output_type(annotation: Any) -> bool:
    """Whether ``annotation`` is ``Output[…]``."""
    origin = getattr(annotation, "__origin__", annotation)
    return isinstance(origin, type) and issubclass(origin, pulumi.Output)
