"""The preview of a graph: what is known flows downstream, what isn't stays unknown, and nothing is made up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pulumi.automation as auto
import pytest

from cloud.adapters.pulumi import AutomationRunner, EngineSettings
from cloud.domain.errors import ProgramFailed
from tests.stacks.preview_graph import PreviewGraph

pytestmark = pytest.mark.xdist_group("previews")

NETWORK = """
import pulumi
from cloud_stack import StackConfig, export_outputs, load

class NetworkConfig(StackConfig):
    cidr: str = "10.0.0.0/16"

settings = load(NetworkConfig)
pulumi.ComponentResource("test:index:Network", settings.cidr)
vpc = pulumi.Stash(f"vpc-{settings.cidr}", input=settings.cidr)
export_outputs(
    {
        "vpcId": vpc.id,
        "cidr": settings.cidr,
        "tags": {"name": "main", "id": vpc.id},
        "token": pulumi.Output.secret("hunter22"),
    }
)
"""
SAY = """
def say(name, value):
    async def tell():
        output = pulumi.Output.from_input(value)
        known, secret = await output.is_known(), await output.is_secret()
        pulumi.log.info(f"{name}: {'known' if known else 'unknown'}{' secret' if secret else ''}")
    pulumi.Output.from_input(tell()).apply(lambda _: None)
    pulumi.Output.from_input(value).apply(lambda it: pulumi.log.info(f"{name} is {it}"))
"""
SECURITY = f"""
import pulumi
from cloud_stack import Input, StackConfig, export_outputs, load, reference
{SAY}
class SecurityConfig(StackConfig):
    vpc_id: Input[str]
    label: Input[str] = "none"
    cidr: str

settings = load(SecurityConfig)
network = reference("network")
say("config", settings.vpc_id)
say("label", settings.label)
say("vpcId", network["vpcId"])
say("tags", network["tags"])
say("token", network["token"])
say("cidr", network["cidr"])
group = pulumi.Stash("group", input=network["vpcId"])
export_outputs({{"groupId": group.id, "cidr": network["cidr"], "vpcCidr": settings.cidr}})
"""
SECURITY_CONFIG = {
    "vpcId": "{{stack.network.vpcId}}",
    "label": "in {{stack.network.vpcId}}",
    "cidr": "{{stack.network.cidr}}",
}
BY_CONFIG = 'import pulumi\npulumi.export("vpcId", pulumi.Config().get("vpcId") or "none")\n'
BY_REFERENCE = """
import pulumi
name = f"organization/{pulumi.get_project()}/{pulumi.get_stack().replace('by-reference', 'network')}"
pulumi.export("cidr", pulumi.StackReference(name).get_output("cidr"))
"""

NewGraph = Callable[..., PreviewGraph]


@pytest.fixture
def new_graph(engine: auto.PulumiCommand, environment: dict[str, str], tmp_path: Path) -> NewGraph:
    """``new_graph({stack: dependencies}, {stack: program})`` with an engine and a state of its own."""
    runner = AutomationRunner(
        EngineSettings(
            backend_url=f"file://{tmp_path}/state",
            passphrase="a passphrase of this test",
            pulumi_root=str(Path(engine.command).parents[1]),
            work_root=str(tmp_path / "work"),
            host={"PATH": environment["PATH"]},
            environment={
                name: value for name, value in environment.items() if not name.startswith(("PULUMI_", "PATH"))
            },
        )
    )

    def make(dependencies: dict[str, list[str]], programs: dict[str, str] | None = None) -> PreviewGraph:
        return PreviewGraph(runner, dependencies, programs or {})

    return make


def test_the_stacks_of_this_repository_can_be_previewed_before_anything_is_deployed(new_graph: NewGraph) -> None:
    graph = new_graph({"network": [], "security": ["network"], "storage": ["network", "security"]})
    file_system = {"enabled": True, "mountTargets": 1, "vpcId": "{{stack.network.vpcId}}"}
    graph.configure(security={"vpc_id": "{{stack.network.vpcId}}"}, storage={"file_system": file_system})
    found = graph.preview("network", "security", "storage")

    assert {name: record["reason"] for name, record in found.items()} == dict.fromkeys(found, "")
    network, security, storage = found.values()
    assert network["outputs"]["cidr"] == "10.0.0.0/16"
    assert {"vpcId", "privateSubnetIds"} <= set(network["unknown"])
    assert security["outputs"]["webAclArn"] == ""
    assert {"kmsKeyArn", "appSecurityGroupId"} <= set(security["unknown"])
    assert storage["outputs"]["bucketNames"]["data"].startswith("shop-")
    assert {"bucketArns", "fileSystemId"} == set(storage["unknown"])
    assert {step["op"] for record in found.values() for step in record["steps"]} == {"create"}
    assert "aws:efs/mountTarget:MountTarget" in {step["type"] for step in storage["steps"]}


def test_a_change_upstream_is_seen_downstream_before_it_is_deployed(new_graph: NewGraph) -> None:
    graph = new_graph({"network": [], "security": ["network"]}, {"network": NETWORK, "security": SECURITY})
    graph.configure(security=SECURITY_CONFIG)

    first = graph.preview("network", "security")
    assert first["network"]["outputs"]["token"] == {"secret": True}
    assert first["network"]["unknown"] == ["tags", "vpcId"]
    assert {"config: unknown", "label: unknown", "vpcId: unknown", "tags: unknown"} <= set(graph.log)
    assert {"token: unknown secret", "cidr: known", "cidr is 10.0.0.0/16"} <= set(graph.log)
    assert first["security"]["unknown"] == ["groupId"]
    assert first["security"]["outputs"]["vpcCidr"] == "10.0.0.0/16"

    graph.deploy("network", "security")
    again = graph.preview("network", "security")
    assert [record["steps"] for record in again.values()] == [[], []]
    assert again["security"]["unknown"] == []
    assert {"config: known", "vpcId: known", "token: known secret", "cidr: known"} <= set(graph.log)

    graph.configure(network={"cidr": "10.1.0.0/16"}, security=SECURITY_CONFIG)
    changed = graph.preview("network", "security")
    assert sorted(step["op"] for step in changed["network"]["steps"]) == ["create", "delete"]
    assert {"cidr is 10.1.0.0/16", "vpcId: unknown", "config: unknown", "token: unknown secret"} <= set(graph.log)
    assert changed["security"]["outputs"]["cidr"] == "10.1.0.0/16"

    # What another operation only looked at is not there: without network, security's preview shows what is deployed.
    alone = graph.preview("security")
    assert alone["security"]["outputs"]["cidr"] == "10.0.0.0/16"


def test_a_program_that_cannot_be_told_of_unknowns_is_not_previewable_until_they_are_known(new_graph: NewGraph) -> None:
    graph = new_graph(
        {"network": [], "by-config": ["network"], "by-reference": ["network"], "app": ["by-config"]},
        {
            "network": NETWORK,
            "by-config": BY_CONFIG,
            "by-reference": BY_REFERENCE,
            "app": SECURITY.replace('"network"', '"by-config"'),
        },
    )
    app = {"vpcId": "{{stack.by-config.vpcId}}", "cidr": "10.0.0.0/16"}
    graph.configure(**{"by-config": {"vpcId": "{{stack.network.vpcId}}"}, "app": app})

    found = graph.preview("network", "by-config", "by-reference", "app")
    for name, because in (
        ("by-config", "shop:vpcId is not known yet"),
        ("by-reference", "a StackReference of its own"),
    ):
        assert found[name]["reason"] == "not previewable until network is deployed"
        assert because in found[name]["detail"]
        assert (found[name]["previewable"], found[name]["outputs"], found[name]["steps"]) == (False, {}, [])
    assert found["app"]["previewable"]
    assert {"config: unknown", "vpcId: unknown", "cidr: unknown"} <= set(graph.log)

    graph.deploy("network")
    found = graph.preview("network", "by-config", "by-reference")
    assert found["by-config"]["outputs"]["vpcId"] not in ("", "none")
    assert found["by-reference"]["outputs"] == {"cidr": "10.0.0.0/16"}

    # What is deployed would still be there to be read, but is not what will be.
    graph.configure(network={"cidr": "10.1.0.0/16"})
    assert graph.preview("network", "by-reference")["by-reference"]["previewable"] is False


def test_a_value_that_must_be_known_is_waited_for_and_a_misspelt_output_is_not(new_graph: NewGraph) -> None:
    graph = new_graph(
        {"network": [], "security": ["network"], "misspelt": ["network"]},
        {"network": NETWORK, "security": SECURITY, "misspelt": SECURITY.replace('network["cidr"]', 'network["cdir"]')},
    )
    graph.configure(security={**SECURITY_CONFIG, "cidr": "{{stack.network.vpcId}}"}, misspelt=SECURITY_CONFIG)

    security = graph.preview("network", "security")["security"]
    assert security["reason"] == "not previewable until network is deployed"
    assert security["detail"] == "the program can't go on without the value of shop:cidr"
    with pytest.raises(ProgramFailed, match=r"'network' will have no output 'cdir'; did you mean 'cidr'\?"):
        graph.preview("network", "misspelt")
