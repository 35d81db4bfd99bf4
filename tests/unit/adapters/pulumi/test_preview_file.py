"""The file that tells a program of unknowns, and the judgement on previews that were not made with it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cloud.adapters.pulumi.event_reader import EventReader
from cloud.adapters.pulumi.preview_file import PREVIEW_FILE, PreviewFile
from cloud.adapters.pulumi.redaction import Redactor
from cloud.domain.errors import NotPreviewable, ProgramFailed, RunTimedOut
from cloud.domain.operations import OperationKind
from cloud.domain.unknown import Unknown
from cloud.ports.runner import PlannedOutputs, RunRequest, Secret

REQUEST = RunRequest(
    operation_id="01JD0000000000000000000000",
    deployment_id="D1BRV40",
    environment="dev",
    stack="app",
    pulumi_stack="D1BRV40-app-dev",
    project="ecommerce",
    kind=OperationKind.PREVIEW,
    program=b"",
)
VPC = Unknown(frozenset({"network"}))
NETWORK = PlannedOutputs({"cidr": "10.0.0.0/16"}, unknown=("vpcId",))


@pytest.fixture
def reader() -> EventReader:
    return EventReader("app", Redactor())


def written(folder: Path, **request: Any) -> tuple[PreviewFile, Any]:
    preview = PreviewFile(folder, replace(REQUEST, **request))
    file = Path(preview.write()[PREVIEW_FILE])
    assert file.parent == folder
    assert file.stat().st_mode & 0o777 == 0o600
    return preview, json.loads(file.read_text(encoding="utf-8"))


def read_by_kit(folder: Path) -> None:
    (folder / "preview.json.read").touch()


def test_the_file_says_what_is_known_unknown_and_secret_of_each_stack(tmp_path: Path) -> None:
    outputs = {"cidr": "10.0.0.0/16", "key": Secret("hunter22"), "deep": {"a": [Secret("x"), 1]}}
    planned = PlannedOutputs(outputs, unknown=("vpcId",), secret=("token",))
    _, document = written(tmp_path, upstream={"network": planned, "dns": PlannedOutputs({}, is_open=True)})

    assert document == {
        "version": 1,
        "stacks": {
            "network": {
                "outputs": {"cidr": "10.0.0.0/16", "key": "hunter22", "deep": {"a": ["x", 1]}},
                "unknown": ["token", "vpcId"],
                "secret": ["deep", "key", "token"],
                "open": False,
            },
            "dns": {"outputs": {}, "unknown": [], "secret": [], "open": True},
        },
        "config": {},
    }


def test_an_unknown_of_the_configuration_is_marked_where_it_stands(tmp_path: Path) -> None:
    other = Unknown(frozenset({"security"}))
    config = {
        "ecommerce:vpcId": VPC,
        "ecommerce:files": {"enabled": True, "ids": [VPC, "a"], "group": other},
        "ecommerce:password": Secret(VPC),
    }
    _, document = written(tmp_path, unknown_config=config)

    mark = {"cloud:unknown": True}
    assert document["config"] == {
        "ecommerce:vpcId": {"stacks": ["network"], "secret": False, "value": mark},
        "ecommerce:files": {
            "stacks": ["network", "security"],
            "secret": False,
            "value": {"enabled": True, "ids": [mark, "a"], "group": mark},
        },
        "ecommerce:password": {"stacks": ["network"], "secret": True, "value": mark},
    }


def test_a_preview_with_unknown_settings_of_a_provider_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(NotPreviewable, match="app is not previewable until network is deployed") as refused:
        written(tmp_path, unknown_config={"aws:region": VPC})

    assert refused.value.ids["until"] == "network"
    assert "aws:region" in refused.value.hint
    assert not list(tmp_path.iterdir())


def test_a_preview_without_unknowns_counts_and_its_failures_are_failures(tmp_path: Path, reader: EventReader) -> None:
    preview, _ = written(tmp_path)
    reader.references.add("organization/ecommerce/D1BRV40-network-dev")

    assert preview.objection(reader, None) is None
    assert preview.objection(reader, ProgramFailed("it broke")) is None


def test_unknown_configuration_that_the_kit_did_not_read_spoils_the_preview(
    tmp_path: Path, reader: EventReader
) -> None:
    preview, _ = written(tmp_path, unknown_config={"ecommerce:vpcId": VPC})
    objection, failed = preview.objection(reader, None), preview.objection(reader, ProgramFailed("NoneType."))

    assert objection is not None
    assert objection.message == "app is not previewable until network is deployed."
    assert (objection.ids["until"], objection.ids["stack"]) == ("network", "app")
    assert objection.hint == "ecommerce:vpcId is not known yet, which only the kit's load() can tell a program."
    assert failed is not None
    assert failed.hint.endswith("It failed: NoneType.")

    read_by_kit(tmp_path)
    assert preview.objection(reader, None) is None
    assert preview.objection(reader, ProgramFailed("it broke")) is None


def test_what_is_no_failure_of_the_program_is_told_as_it_is(tmp_path: Path, reader: EventReader) -> None:
    preview, _ = written(tmp_path, unknown_config={"ecommerce:vpcId": VPC})
    assert preview.objection(reader, RunTimedOut("too long")) is None


@pytest.mark.parametrize("name", ["organization/ecommerce/D1BRV40-network-dev", "D1BRV40-network-dev"])
def test_a_stack_reference_to_a_stack_that_will_change_spoils_the_preview(
    tmp_path: Path, reader: EventReader, name: str
) -> None:
    preview, _ = written(tmp_path, upstream={"network": NETWORK})
    read_by_kit(tmp_path)
    reader.references.add("organization/ecommerce/D1BRV40-dns-dev")
    assert preview.objection(reader, None) is None

    reader.references.add(name)
    objection, failed = preview.objection(reader, None), preview.objection(reader, ProgramFailed("unknown stack."))
    assert objection is not None
    assert objection.ids["until"] == "network"
    assert "The program reads network by a StackReference of its own" in objection.hint
    assert failed is not None
    assert failed.hint.endswith("It failed: unknown stack.")


@pytest.mark.parametrize(
    ("said", "until", "because"),
    [
        ("not previewable until network is deployed: no cidr", "network", "no cidr"),
        ("not previewable until a, b-c and d1 are deployed: x", "a, b-c, d1", "x"),
        ("RunError: not previewable until network is deployed", "network", ""),
    ],
)
def test_what_the_kit_says_is_taken_over(
    tmp_path: Path, reader: EventReader, said: str, until: str, because: str
) -> None:
    preview, _ = written(tmp_path, unknown_config={"ecommerce:vpcId": VPC})
    read_by_kit(tmp_path)
    objection = preview.objection(reader, ProgramFailed(said))

    assert objection is not None
    assert (objection.ids["until"], objection.hint) == (until, because)
