"""Kills in the middle of real stacks: the stand-in engine, its AWS provider, the emulated AWS, and everything of local mode.

A creation is held when AWS has made the resource and its answer is due; then something is killed, stopped or cancelled. What is
checked is what a person could look at: the rows in DynamoDB, the file with Pulumi's state, and the parameters in SSM.
"""

from __future__ import annotations

import io
import itertools
import json
import os
import signal
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cloud.adapters.pulumi.engine_settings import RUN_MARKER
from cloud_local.runtime import LocalCloud, Options
from tests.statemachine.conftest import WAIT_SECONDS, Control

pytestmark = [
    pytest.mark.xdist_group("engine faults"),
    pytest.mark.skipif(not Path("/proc").is_dir(), reason="Pulumi's process is looked for in /proc"),
]

_numbers = itertools.count(1)
PROGRAM = """
import pulumi
import pulumi_aws as aws

names = pulumi.Config().require_object("names")
made = None
for name in names:
    made = aws.ssm.Parameter(name, name=name, type="String", value="1", opts=pulumi.ResourceOptions(depends_on=made))
pulumi.export("names", names)
"""


@dataclass
class HeldCall:
    """Holds the answer to the first call of an operation of SSM that is about ``name``; AWS has done it by then."""

    operation: str
    name: str
    held: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def __call__(self, operation: str, request: bytes, response: bytes) -> None:
        if operation == self.operation and json.loads(request).get("Name") == self.name and not self.held.is_set():
            self.held.set()
            assert self.released.wait(WAIT_SECONDS)


class Engine:
    """Local mode with the stand-in engine, and one deployment of one stack."""

    def __init__(self, local: LocalCloud, folder: Path, names: list[str]) -> None:
        self.local, self.cloud, self._state, self.names = local, Control(local), folder / "state", names
        self.deployment = str(self.cloud.client.init(org="acme", project="shop")["id"])
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as program:
            program.writestr("Pulumi.yaml", "name: parameters\nruntime: python\n")
            program.writestr("__main__.py", PROGRAM)
        digest = self.cloud.client.upload_program(self.deployment, archive.getvalue())
        manifest = {
            "version": 1,
            "deployment": {"id": self.deployment, "org": "acme", "project": "shop"},
            "environments": {"dev": {"account": "123456789012", "region": "us-east-1"}},
            "stacks": {"parameters": {"config": {"names": names}}},
        }
        self.cloud.client.put_manifest(
            self.deployment, manifest=json.dumps(manifest), configs={}, programs={"parameters": digest}
        )

    def struck(self, call: HeldCall, strike: Callable[[dict[str, Any]], None], kind: str = "deploy") -> dict[str, Any]:
        """Run an operation, and do that while the call is held; gives the operation as it ended."""
        self.local.aws.observe("AmazonSSM", call)
        try:
            operation = self.cloud.start(self.deployment, kind)
            assert call.held.wait(WAIT_SECONDS)
            strike(operation)
        finally:
            call.released.set()
        self.cloud.wait(operation["id"])
        self.cloud.settle(self.deployment, operation["id"])
        return self.cloud.client.operation(self.deployment, operation["id"])

    def in_aws(self) -> list[str]:
        found = self.local.aws.client("ssm").get_parameters(Names=self.names)["Parameters"]
        return sorted(each["Name"] for each in found)

    def in_state(self) -> tuple[list[str], list[str]]:
        """The parameters in Pulumi's state, and what is pending there."""
        (file,) = self._state.glob(f"**/stacks/shop/{self.deployment}-parameters-dev.json")
        latest = json.loads(file.read_text())["checkpoint"]["latest"]
        kind = "aws:ssm/parameter:Parameter"
        made = sorted(each["id"] for each in latest.get("resources") or () if each["type"] == kind)
        return made, [each["type"] for each in latest.get("pending_operations") or ()]

    def locks(self) -> list[Path]:
        return [path for path in self._state.glob("**/locks/**/*.json") if self.deployment in str(path)]

    def agrees(self, operation: dict[str, Any], state: str) -> None:
        """After an operation that did all that was wanted."""
        assert operation["state"] in state.split(" or "), operation["error"]
        self.cloud.settle(self.deployment, operation["id"])
        row = self.cloud.stack(self.deployment, "parameters")
        wanted = [] if row["status"] == "destroyed" else sorted(self.names)
        assert self.in_aws() == wanted
        if wanted:
            assert self.in_state() == (wanted, [])
        assert row["status"] in ("deployed", "unchanged", "destroyed")
        assert self.cloud.is_free(self.deployment)
        assert self.locks() == []


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LocalCloud, Path]]:
    folder = tmp_path_factory.mktemp("engine")
    with LocalCloud(Options(folder, stand_in=True)) as running:
        running.aws.wait_until_warm()
        yield running, folder


@pytest.fixture
def engine(local: tuple[LocalCloud, Path]) -> Iterator[Engine]:
    name = f"p{next(_numbers)}"
    made = Engine(*local, [f"{name}-first", f"{name}-second"])
    with made.cloud.client:
        yield made


def kill_pulumi(_: dict[str, Any]) -> None:
    """SIGKILL to the pulumi processes that this process has started, and to nothing else."""
    killed = 0
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and RUN_MARKER.encode() in (entry / "environ").read_bytes():
                os.kill(int(entry.name), signal.SIGKILL)
                killed += 1
        except OSError:
            continue
    assert killed == 1


def test_pulumi_is_killed_after_a_create_before_it_is_recorded(engine: Engine) -> None:
    ended = engine.struck(HeldCall("PutParameter", engine.names[0]), kill_pulumi)
    assert ended["state"] == "failed"
    assert engine.in_aws() == engine.names[:1]
    assert engine.in_state() == ([], ["creating"])
    engine.agrees(engine.cloud.run(engine.deployment), "succeeded")


def test_pulumi_is_killed_between_two_resources(engine: Engine) -> None:
    ended = engine.struck(HeldCall("PutParameter", engine.names[1]), kill_pulumi)
    assert ended["state"] == "failed"
    assert engine.in_state() == (engine.names[:1], ["creating"])
    engine.agrees(engine.cloud.run(engine.deployment), "completed")  # what was found only had to be recorded


def test_a_create_is_cancelled_by_force(engine: Engine) -> None:
    def force(operation: dict[str, Any]) -> None:
        engine.cloud.client.cancel(engine.deployment, operation_id=operation["id"], force=True)
        engine.cloud.wait(operation["id"])

    ended = engine.struck(HeldCall("PutParameter", engine.names[0]), force)
    assert ended["state"] == "cancelled"
    assert engine.in_state() == ([], ["creating"])
    engine.agrees(engine.cloud.run(engine.deployment), "succeeded")


def test_a_create_is_cancelled_in_good_order(engine: Engine) -> None:
    def cancel(operation: dict[str, Any]) -> None:
        engine.cloud.client.cancel(engine.deployment, operation_id=operation["id"])

    ended = engine.struck(HeldCall("PutParameter", engine.names[0]), cancel)
    assert ended["state"] in ("cancelled", "succeeded")  # the second one may have been made before Pulumi heard of it
    assert engine.in_aws() == engine.in_state()[0]
    engine.agrees(engine.cloud.run(engine.deployment), "succeeded or completed")


def test_the_execution_is_stopped_in_a_create(engine: Engine) -> None:
    def stop(operation: dict[str, Any]) -> None:
        arn = engine.cloud.arn(operation["id"])
        engine.local.aws.client("stepfunctions").stop_execution(executionArn=arn)

    ended = engine.struck(HeldCall("PutParameter", engine.names[0]), stop)
    assert ended["state"] in ("error", "succeeded")  # it is finished as it is found
    engine.agrees(engine.cloud.run(engine.deployment), "succeeded or completed")


def test_the_gateway_restarts_in_a_create(engine: Engine) -> None:
    def restart(_: dict[str, Any]) -> None:
        with engine.local.without_gateway():
            pass

    engine.agrees(engine.struck(HeldCall("PutParameter", engine.names[0]), restart), "succeeded")


def test_pulumi_is_killed_after_a_delete_before_it_is_recorded(engine: Engine) -> None:
    engine.agrees(engine.cloud.run(engine.deployment), "succeeded")
    ended = engine.struck(HeldCall("DeleteParameter", engine.names[1]), kill_pulumi, "destroy")
    assert ended["state"] == "failed"
    assert engine.in_aws() == engine.names[:1]
    engine.agrees(engine.cloud.run(engine.deployment, "destroy"), "succeeded")
