"""Killed in the middle of a creation: what the next run makes of it, and that nothing exists twice."""

from __future__ import annotations

import itertools
import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from cloud.adapters.pulumi import AutomationRunner
from cloud.domain.errors import PendingOperations, RunInterrupted
from cloud.domain.operations import OperationKind
from cloud.ports.runner import RunResult, Stop
from cloud_local.aws.server import EmulatedAws
from cloud_local.provider import install as install_aws_provider
from tests.contract.holding_proxy import HoldingProxy, Matches
from tests.contract.runner_scenarios import (
    NO_REAL_ENGINE,
    Log,
    RunnerUnderTest,
    automation_runner,
    never,
    real_engine_root,
    zipped,
)

_numbers = itertools.count(1)
VPC = """
import pulumi_aws as aws
vpc = aws.ec2.Vpc("main", cidr_block="10.0.0.0/16", tags={"Name": "main"})
pulumi.export("vpcId", vpc.id)
pulumi.export("vpcArn", vpc.arn)
"""
BUCKET = """
import pulumi_aws as aws
bucket = aws.s3.Bucket("files", force_destroy=True)
pulumi.export("bucketArn", bucket.arn)
"""


def action(name: str) -> Matches:
    """A call of EC2."""
    return lambda _method, _path, body: f"Action={name}&".encode() in body + b"&"


def puts_a_bucket(method: str, path: str, _body: bytes) -> bool:
    return method == "PUT" and "?" not in path


@dataclass
class Site:
    """A runner, an emulated AWS behind a door that can hold a call, and a deployment that nobody else has."""

    it: RunnerUnderTest
    aws: EmulatedAws
    proxy: HoldingProxy
    place: Path
    deployment: str = field(default_factory=lambda: f"D{next(_numbers)}")
    others: set[str] = field(default_factory=set)
    tags: dict[str, str] = field(default_factory=dict)
    """The provider's default tags."""

    def __post_init__(self) -> None:
        self.tags.update({"deployment": self.deployment, "stack": "network", "project": "ecommerce"})
        self.others.update(self.buckets())

    def run(
        self, code: str, kind: OperationKind = OperationKind.DEPLOY, log: Log | None = None, **more: Any
    ) -> RunResult:
        return self.it.runner.run(self._request(code, kind), log or Log(), more.get("should_stop", never))

    def kill(self, code: str, matches: Matches, *, made: bool) -> Log:
        """Run, and kill the run while the call is held."""
        log = Log()
        self.proxy.hold(matches, made=made)
        with pytest.raises(RunInterrupted):
            self.run(code, log=log, should_stop=lambda: Stop.KILL if self.proxy.held.is_set() else Stop.NO)
        assert self.proxy.held.is_set()
        return log

    def _request(self, code: str, kind: OperationKind) -> Any:
        return self.it.request_for(
            zipped(code),
            kind,
            pulumi_stack=f"{self.deployment}-network-dev",
            config={"aws:defaultTags": {"tags": self.tags}, "aws:region": self.aws.region},
        )

    @property
    def state(self) -> dict[str, Any]:
        file = self.place / "state" / ".pulumi" / "stacks" / "ecommerce" / f"{self.deployment}-network-dev.json"
        latest: dict[str, Any] = json.loads(file.read_text())["checkpoint"]["latest"]
        return latest

    def ids(self, resource_type: str) -> list[str]:
        """The physical ids that the state holds of a type."""
        return [each["id"] for each in self.state.get("resources") or () if each["type"] == resource_type]

    def pending(self) -> list[str]:
        return [each["type"] for each in self.state.get("pending_operations") or ()]

    def command(self, hint: str, words: str, **values: str) -> None:
        """Run the command of a hint that contains ``words``, as a person would who has put in the ``values``."""
        (command,) = [part for part in re.findall(r"pulumi refresh [^;—]*", hint) if words in part]
        for name, value in values.items():
            command = command.replace(f" {name}", f" {value}")
        folder = self.place / "by-hand"
        folder.mkdir()
        (folder / "Pulumi.yaml").write_text("name: ecommerce\nruntime: python\n")
        (folder / "tmp").mkdir()
        assert self.it.settings is not None
        environment = self.it.settings.process_environment(folder, "by-hand")
        done = subprocess.run(
            [*shlex.split(command), "--non-interactive"], cwd=folder, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def buckets(self) -> list[str]:
        """Those that no test before this one has made."""
        listed = {each["Name"] for each in self.aws.client("s3").list_buckets()["Buckets"]}
        return sorted(listed - self.others)

    def vpcs(self) -> list[str]:
        own = [{"Name": "tag:deployment", "Values": [self.deployment]}]
        return [vpc["VpcId"] for vpc in self.aws.client("ec2").describe_vpcs(Filters=own)["Vpcs"]]


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    from cloud_local.pulumi import install
    from cloud_local.pulumi.fork_server_process import ForkServerProcess

    root = tmp_path_factory.mktemp("engine")
    install(root)
    with ForkServerProcess(root / "fork.socket") as server:
        yield str(root), server.environment()


@pytest.fixture(params=["stand-in", pytest.param("real", marks=pytest.mark.real_pulumi)])
def site(request: pytest.FixtureRequest, aws: EmulatedAws, tmp_path: Path) -> Iterator[Site]:
    if request.param == "real":
        root, environment = real_engine_root() or "", {}
        if not root:
            pytest.skip(NO_REAL_ENGINE)
    else:
        root, environment = request.getfixturevalue("stand_in")
    install_aws_provider(tmp_path / "plugins")
    with HoldingProxy(aws.url) as proxy:
        variables = {**aws.environment, **environment, "AWS_ENDPOINT_URL": proxy.url}
        settings = automation_runner(request.param, root, variables, tmp_path).settings
        assert settings is not None
        settings = replace(settings, plugin_path=str(tmp_path / "plugins"))
        it = RunnerUnderTest(request.param, AutomationRunner(settings), settings)
        yield Site(it, aws, proxy, tmp_path)


def test_what_was_created_though_not_recorded_is_found_by_its_tags_also_by_a_run_that_is_killed_too(site: Site) -> None:
    site.kill(VPC, action("CreateVpc"), made=True)
    (vpc,) = site.vpcs()
    assert site.pending() == ["creating"]

    # The second run finds and adopts it, and is killed when the refresh is about to read it.
    log = site.kill(VPC, action("DescribeVpcAttribute"), made=False)
    assert any(f"it is there as {vpc}" in data["message"] for data in log.of("log.created"))
    assert site.ids("aws:ec2/vpc:Vpc") == [vpc]

    result = site.run(VPC)

    assert site.vpcs() == site.ids("aws:ec2/vpc:Vpc") == [vpc]
    assert site.pending() == []
    assert not result.has_pending
    assert result.outputs["vpcId"] == vpc
    assert result.outputs["vpcArn"].endswith(f"vpc/{vpc}")


def test_what_was_created_though_not_recorded_is_found_by_its_name(site: Site) -> None:
    site.kill(BUCKET, puts_a_bucket, made=True)
    (name,) = site.buckets()

    result = site.run(BUCKET)

    assert site.buckets() == site.ids("aws:s3/bucket:Bucket") == [name]
    assert result.outputs["bucketArn"].endswith(name)
    # The kill fell between the creation and its tags; the drift is seen and mended.
    tags = site.aws.client("s3").get_bucket_tagging(Bucket=name)["TagSet"]
    assert {"Key": "deployment", "Value": site.deployment} in tags


def test_what_was_never_created_is_cleared_and_created_once(site: Site) -> None:
    site.kill(VPC, action("CreateVpc"), made=False)
    assert (site.vpcs(), site.pending()) == ([], ["creating"])

    log = Log()
    result = site.run(VPC, log=log)

    assert result.changes == {"create": 1}
    assert site.vpcs() == site.ids("aws:ec2/vpc:Vpc")
    assert len(site.vpcs()) == 1
    assert site.pending() == []
    assert any("it counts as not created" in data["message"] for data in log.of("log.created"))


def test_a_destroy_takes_along_what_was_created_though_not_recorded(site: Site) -> None:
    site.kill(VPC, action("CreateVpc"), made=True)

    site.run(VPC, OperationKind.DESTROY)

    assert site.vpcs() == site.ids("aws:ec2/vpc:Vpc") == []


def test_what_can_not_be_decided_is_left_to_a_person_who_names_it(site: Site) -> None:
    site.tags.pop("stack")
    site.kill(VPC, action("CreateVpc"), made=True)
    before = site.state
    (made,) = site.vpcs()

    with pytest.raises(PendingOperations, match="main") as refused:
        site.run(VPC)

    assert refused.value.exit_code == 5
    assert "it has no tag stack to look for" in refused.value.message
    assert site.state == before

    assert site.run(VPC, OperationKind.REFRESH).has_pending
    assert site.pending() == ["creating"]

    site.command(refused.value.hint, " ID", ID=made)
    assert not site.run(VPC).has_pending
    assert site.vpcs() == site.ids("aws:ec2/vpc:Vpc") == [made]


def test_what_can_not_be_decided_is_created_once_a_person_has_cleared_it(site: Site) -> None:
    site.tags.pop("stack")
    site.kill(VPC, action("CreateVpc"), made=False)
    with pytest.raises(PendingOperations) as refused:
        site.run(VPC)

    site.command(refused.value.hint, "--clear-pending-creates")
    site.run(VPC)

    assert site.vpcs() == site.ids("aws:ec2/vpc:Vpc")
    assert len(site.vpcs()) == 1
