"""Programs of users, good and bad, through all of local mode: the end in DynamoDB, in the emulated AWS and in words."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cloud.client.contexts import Context
from cloud.client.events import EventStream
from cloud.client.rest import CloudClient
from cloud.domain.events import Cursor, Event
from cloud_local.runtime import LocalCloud, Options

pytestmark = [pytest.mark.xdist_group("local-mode-with-the-stand-in"), pytest.mark.timeout(300)]

VPC = """
import pulumi
from pulumi_aws import ec2

vpc = ec2.Vpc("vpc", cidr_block="10.0.0.0/16")
pulumi.export("vpcId", vpc.id)
"""
PASSWORD = "hunter2-hunter2"


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with LocalCloud(Options(tmp_path_factory.mktemp("local"), stand_in=True)) as running:
        yield running


@dataclass
class Ended:
    """An operation that has ended, as everybody can see it."""

    operation: dict[str, Any]
    events: list[Event]
    deployment_id: str

    def stack(self, name: str) -> dict[str, Any]:
        return next(stack for stack in self.operation["stacks"] if stack["stack"] == name)

    @property
    def everything_told(self) -> str:
        return json.dumps([event.to_dict() for event in self.events]) + json.dumps(self.operation)


class World:
    """One deployment of small programs in the running local mode."""

    def __init__(self, local: LocalCloud) -> None:
        self.local = local
        self.context = Context(**local.context())
        self.client = CloudClient(self.context)
        self.deployment_id = str(self.client.init(org="acme", project="shop")["id"])

    def put(self, programs: Mapping[str, str], stacks: str) -> None:
        manifest = (
            f"version: 1\ndeployment: {{id: {self.deployment_id}, org: acme, project: shop}}\n"
            'environments: {dev: {enabled: true, account: "123456789012", region: us-east-1}}\n'
            f"stacks:\n{stacks}"
        )
        digests = {
            name: self.client.upload_program(self.deployment_id, archive(text)) for name, text in programs.items()
        }
        self.client.put_manifest(self.deployment_id, manifest=manifest, configs={}, programs=digests)

    def run(self, kind: str = "deploy", **options: Any) -> Ended:
        operation = getattr(self.client, kind)(self.deployment_id, {"environment": "dev", **options})
        events = asyncio.run(self.follow(operation["id"]))
        return Ended(self.client.operation(self.deployment_id, operation["id"]), events, self.deployment_id)

    def start(self, **options: Any) -> str:
        return str(self.client.deploy(self.deployment_id, {"environment": "dev", **options})["id"])

    async def follow(self, operation_id: str, until: Any = lambda event: event.data.get("terminal")) -> list[Event]:
        events = []
        async with asyncio.timeout(120):
            async for event in EventStream(self.context, self.deployment_id, since=Cursor(operation_id, 0)):
                events.append(event)
                if until(event):
                    return events
        raise AssertionError("The stream ended before the operation.")

    def row(self, stack: str) -> dict[str, Any]:
        """The stack's row in DynamoDB."""
        found = self.local.aws.client("dynamodb").get_item(
            TableName="cloud-stacks",
            Key={"PK": {"S": f"DEPLOYMENT#{self.deployment_id}"}, "SK": {"S": f"STACK#{stack}#dev"}},
        )
        return dict(found["Item"])

    def vpcs(self) -> list[str]:
        """Of this deployment, in the emulated AWS."""
        filters = [{"Name": "tag:deployment", "Values": [self.deployment_id]}]
        return [vpc["VpcId"] for vpc in self.local.aws.client("ec2").describe_vpcs(Filters=filters)["Vpcs"]]


def archive(program: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("Pulumi.yaml", "name: any\nruntime: python\n")
        packed.writestr("__main__.py", program)
    return buffer.getvalue()


@pytest.fixture
def world(local: LocalCloud) -> Iterator[World]:
    made = World(local)
    yield made
    made.client.close()


def test_a_resource_is_created_found_unchanged_and_deleted(world: World) -> None:
    world.put({"network": VPC}, "  network: {}\n")

    deployed = world.run()
    assert deployed.operation["state"] == "succeeded"
    assert world.row("network")["status"]["S"] == "deployed"
    assert world.vpcs() == [world.client.outputs(world.deployment_id, "dev")["network"]["vpcId"]]

    again = world.run()
    assert again.stack("network")["status"] == "unchanged"
    assert len(world.vpcs()) == 1

    destroyed = world.run("destroy")
    assert destroyed.stack("network")["status"] == "destroyed"
    assert world.vpcs() == []


def test_a_program_that_raises_after_a_resource_keeps_the_resource_and_says_what_raised(world: World) -> None:
    program = VPC + 'raise RuntimeError("the table is on fire")\n'
    world.put({"network": program, "app": VPC}, "  network: {}\n  app: {dependencies: [network]}\n")

    ended = world.run()

    assert ended.operation["state"] == "failed"
    assert "the table is on fire" in ended.stack("network")["error"]["message"]
    assert ended.stack("app")["status"] == "skipped"
    assert ended.stack("app")["blocked_by"] == "network"
    assert world.row("network")["status"]["S"] == "failed"
    world.put({"network": VPC, "app": VPC}, "  network: {}\n  app: {dependencies: [network]}\n")
    assert world.run().operation["state"] == "succeeded"
    assert len(world.vpcs()) == 2, "the first run's VPC was taken over, not made again"


def test_a_program_that_leaves_by_os_exit_fails_its_stack_only(world: World) -> None:
    world.put({"bad": "import os\nos._exit(3)\n", "good": VPC}, "  bad: {}\n  good: {}\n")

    ended = world.run(on_failure="continue")

    assert ended.operation["state"] == "failed"
    assert ended.stack("bad")["status"] == "failed"
    assert ended.stack("good")["status"] == "deployed"
    assert len(world.vpcs()) == 1


def test_a_program_that_hangs_is_ended_at_its_time_out(world: World) -> None:
    world.put({"slow": "import threading\nthreading.Event().wait()\n"}, "  slow: {timeout: 3s}\n")

    ended = world.run()

    assert ended.stack("slow")["status"] == "failed"
    assert ended.stack("slow")["error"]["code"] == "run-timed-out"


def test_a_running_operation_is_cancelled_and_its_program_ends(world: World) -> None:
    hanging = VPC + "import threading\nvpc.id.apply(lambda _: threading.Event().wait())\n"
    world.put({"slow": hanging, "later": VPC}, "  slow: {}\n  later: {dependencies: [slow]}\n")
    operation_id = world.start()
    asyncio.run(world.follow(operation_id, lambda event: event.type.value == "stack.resource"))

    world.client.cancel(world.deployment_id, operation_id=operation_id)

    events = asyncio.run(world.follow(operation_id))
    ended = Ended(world.client.operation(world.deployment_id, operation_id), events, world.deployment_id)
    assert ended.operation["state"] == "cancelled"
    assert {stack["stack"]: stack["status"] for stack in ended.operation["stacks"]} == {
        "slow": "cancelled",
        "later": "cancelled",
    }
    assert world.client.status(world.deployment_id, "dev")["environments"][0]["held_by"] is None


def test_a_secret_that_a_program_prints_is_nowhere_to_be_read(world: World) -> None:
    program = (
        "import pulumi\nconfig = pulumi.Config()\npassword = config.require('password')\n"
        "print('the password is', password)\npulumi.log.warn('again: ' + password)\n"
        "pulumi.export('password', config.require_secret('password'))\n"
    )
    world.put({"leaky": program}, f"  leaky: {{config: {{password: {{secret: {PASSWORD}}}}}}}\n")

    ended = world.run()

    assert ended.operation["state"] == "completed", "there was no resource to change"
    assert PASSWORD not in ended.everything_told
    assert "the password is [secret]" in ended.everything_told
    assert world.client.outputs(world.deployment_id, "dev")["leaky"]["password"] == {"secret": True}
    assert PASSWORD not in everything_stored(world.local)


def everything_stored(local: LocalCloud) -> str:
    """All rows of all tables, all artifacts, and Pulumi's state on disk."""
    parts = []
    dynamodb, s3 = local.aws.client("dynamodb"), local.aws.client("s3")
    for table in dynamodb.list_tables()["TableNames"]:
        for page in dynamodb.get_paginator("scan").paginate(TableName=table):
            parts.append(json.dumps(page["Items"], default=str))
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket="cloud-artifacts"):
        for item in page.get("Contents", ()):
            if not item["Key"].startswith("programs/"):
                parts.append(s3.get_object(Bucket="cloud-artifacts", Key=item["Key"])["Body"].read().decode())
    state = Path(local.options.folder) / "state"
    parts += [path.read_text(errors="replace") for path in state.rglob("*") if path.is_file()]
    return "\n".join(parts)


def test_odd_names_of_resources_and_outputs_are_kept_as_they_are(world: World) -> None:
    program = (
        "import pulumi\nfrom pulumi_aws import ec2\n"
        "ec2.Vpc('größe ::$ 名前 [red]x[/red]', cidr_block='10.9.0.0/16')\n"
        "pulumi.export('a.b c/ü', {'x': [1, None, True]})\n"
    )
    world.put({"odd": program}, "  odd: {}\n")

    ended = world.run()

    assert ended.operation["state"] == "succeeded", ended.operation
    assert world.client.outputs(world.deployment_id, "dev")["odd"]["a.b c/ü"] == {"x": [1, None, True]}
    assert any("größe ::$ 名前 [red]x[/red]" in event.data.get("name", "") for event in ended.events)


def test_a_provider_call_that_aws_refuses_fails_the_stack_and_names_the_resource(world: World) -> None:
    program = "from pulumi_aws import ec2\nec2.Vpc('vpc', cidr_block='10.0.0.0/8')\n"
    world.put({"network": program}, "  network: {}\n")

    ended = world.run()

    assert ended.stack("network")["status"] == "failed"
    assert "InvalidVpc" in ended.stack("network")["error"]["message"]
    assert "vpc" in ended.stack("network")["error"]["message"]
    assert world.vpcs() == []


def test_a_program_that_writes_megabytes_ends_well(world: World) -> None:
    world.put({"loud": "for number in range(20000):\n    print('x' * 100)\n"}, "  loud: {}\n")

    ended = world.run()

    assert ended.operation["state"] == "completed", "there was no resource to change"


def test_a_missing_output_is_told_before_pulumi_starts(world: World) -> None:
    world.put(
        {"network": VPC, "app": VPC},
        "  network: {}\n"
        '  app: {dependencies: [network], config: {a: "{{stack.network.nope}}", b: "{{stack.network.gone.x}}"}}\n',
    )

    ended = world.run()

    problems = ended.stack("app")["error"]["problems"]
    assert ended.stack("app")["status"] == "failed"
    assert len(problems) == 2, "all at once"
    assert all("vpcId" in problem["message"] for problem in problems), "it says what there is"
    assert len(world.vpcs()) == 1
