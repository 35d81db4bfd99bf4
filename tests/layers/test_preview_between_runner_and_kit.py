"""The two sides of CLOUD_PREVIEW_FILE, which share no code: what the runner writes is what the kit reads."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import pulumi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pulumi.runtime.settings import configure

from cloud.adapters.pulumi.event_reader import EventReader
from cloud.adapters.pulumi.preview_file import PREVIEW_FILE, PreviewFile
from cloud.adapters.pulumi.redaction import Redactor
from cloud.domain.errors import ProgramFailed
from cloud.domain.operations import OperationKind
from cloud.domain.secret import Secret
from cloud.domain.unknown import Unknown, until_deployed, waits_for
from cloud.ports.runner import PlannedOutputs, RunRequest
from cloud_stack.preview import Preview, current_preview, not_previewable

names = st.sampled_from(["network", "dns", "data-lake"])
scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=6)
known_values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
)
unknowns = st.frozensets(names, min_size=1).map(Unknown)
values = st.recursive(
    scalars | unknowns,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
).filter(waits_for)


def request(**more: Any) -> RunRequest:
    return RunRequest(
        operation_id="01JD0000000000000000000000",
        deployment_id="D1BRV40",
        environment="dev",
        stack="app",
        pulumi_stack="D1BRV40-app-dev",
        project="ecommerce",
        kind=OperationKind.PREVIEW,
        program=b"",
        **more,
    )


def handed_over(folder: str, asked: RunRequest) -> Preview:
    """What the kit makes of the file that the runner writes for ``asked``."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(PREVIEW_FILE, PreviewFile(Path(folder), asked).write()[PREVIEW_FILE])
        configure(pulumi.runtime.Settings(project="ecommerce", stack="D1BRV40-app-dev", dry_run=True))
        try:
            return current_preview()
        finally:
            configure(pulumi.runtime.Settings(project="project", stack="stack", organization="organization"))


async def seen(value: Any) -> Any:
    """``value`` with ``Unknown`` in the place of every Output, which must all be unknown."""
    if isinstance(value, pulumi.Output):
        assert not await value.is_known()
        return Unknown
    if isinstance(value, dict):
        return {key: await seen(item) for key, item in value.items()}
    return [await seen(item) for item in value] if isinstance(value, list) else value


def shape(value: Any) -> Any:
    if isinstance(value, Unknown):
        return Unknown
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    return [shape(item) for item in value] if isinstance(value, list) else value


@settings(max_examples=40)
@given(values, st.booleans())
def test_configuration_arrives_with_unknowns_exactly_where_they_were(value: Any, is_secret: bool) -> None:
    async def arrives() -> None:
        with tempfile.TemporaryDirectory() as folder:
            asked = request(unknown_config={"ecommerce:a": Secret(value) if is_secret else value})
            (found,) = handed_over(folder, asked).config.values()

        assert set(found.stacks) == waits_for(value)
        assert (found.is_secret, found.is_whole) == (is_secret, isinstance(value, Unknown))
        assert await seen(found.with_outputs()) == shape(value)

    asyncio.run(arrives())


@settings(max_examples=40)
@given(
    st.dictionaries(st.text(max_size=4), known_values, max_size=3),
    st.sets(st.text(min_size=5, max_size=6), max_size=2),
    st.sets(st.text(min_size=7, max_size=8), max_size=2),
)
def test_outputs_arrive_known_unknown_or_secret_as_they_were_planned(
    known: dict[str, Any], unknown: set[str], secret: set[str]
) -> None:
    async def arrives() -> None:
        with tempfile.TemporaryDirectory() as folder:
            planned = PlannedOutputs(known, tuple(unknown), tuple(secret))
            stack = handed_over(folder, request(upstream={"network": planned})).stacks["network"]

        for name in {*known, *unknown, *secret}:
            output = stack.require(name)
            assert await output.is_known() == (name in known)
            assert await output.is_secret() == (name in secret)
            assert name not in known or await output.future() == known[name]
        assert stack.get("neither of them") is None

    asyncio.run(arrives())


@given(st.sets(names, min_size=1))
def test_what_the_kit_says_is_what_the_control_plane_understands(stacks: set[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        preview = PreviewFile(Path(folder), request())
        said = ProgramFailed(str(not_previewable(stacks, "no cidr")))
        objection = preview.objection(EventReader("app", Redactor()), said)

    assert objection is not None
    assert objection.message == f"app is {until_deployed(stacks)}."
    assert (objection.ids["until"], objection.hint) == (", ".join(sorted(stacks)), "no cidr")
