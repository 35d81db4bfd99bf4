"""The services-eks stack: what its cluster is, read back from AWS, and how it changes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pulumi.automation.errors import CommandError

from tests.stacks.case import case_of, merged
from tests.stacks.conftest import Base, Deployer

pytestmark = pytest.mark.xdist_group("stacks")


def cluster_of(deployer: Deployer) -> dict[str, Any]:
    name = deployer.outputs("services-eks")["clusterName"]
    found: dict[str, Any] = deployer.client("eks").describe_cluster(name=name)["cluster"]
    return found


def alone(base: Base, **more: Any) -> dict[str, Any]:
    case = case_of("services-eks")
    return merged(case.stand_in({name: base.outputs(name) for name in case.needs}), more)


def test_its_outputs_are_the_contracts(base: Base) -> None:
    outputs = base.outputs("services-eks")
    assert set(outputs) == {"clusterName", "clusterEndpoint", "oidcProviderArn", "stack", "deployment", "env"}
    assert outputs["clusterName"] == f"ecommerce-{base.deployment.lower()}-dev-kubernetes"
    assert outputs["clusterEndpoint"] == cluster_of(base)["endpoint"]


def test_its_api_is_reached_from_inside_alone_and_its_secrets_are_encrypted_with_the_deployments_key(
    base: Base,
) -> None:
    base.outputs("services-eks")
    cluster = cluster_of(base)
    network = cluster["resourcesVpcConfig"]
    assert (network["endpointPrivateAccess"], network["endpointPublicAccess"]) == (True, False)
    assert sorted(network["subnetIds"]) == sorted(base.outputs("network")["privateSubnetIds"])
    (encryption,) = cluster["encryptionConfig"]
    assert encryption == {"provider": {"keyArn": base.outputs("security")["kmsKeyArn"]}, "resources": ["secrets"]}


def test_a_second_up_changes_nothing(base: Base) -> None:
    base.outputs("services-eks")
    assert set(base.up("services-eks").summary.resource_changes or {}) == {"same"}


def test_nobody_uses_the_cluster_by_having_made_it(base: Base) -> None:
    base.outputs("services-eks")
    assert cluster_of(base)["accessConfig"] == {
        "authenticationMode": "API",
        "bootstrapClusterCreatorAdminPermissions": False,
    }


def test_applications_reach_its_api_and_nobody_else_does(base: Base) -> None:
    base.outputs("services-eks")
    group = cluster_of(base)["resourcesVpcConfig"]["clusterSecurityGroupId"]
    rules = base.client("ec2").describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])
    (rule,) = [item for item in rules["SecurityGroupRules"] if not item["IsEgress"]]
    assert (rule["FromPort"], rule["ToPort"], rule["IpProtocol"]) == (443, 443, "tcp")
    assert rule["ReferencedGroupInfo"]["GroupId"] == base.outputs("security")["appSecurityGroupId"]


def test_what_it_logs_has_an_end(base: Base) -> None:
    name = base.outputs("services-eks")["clusterName"]
    (group,) = base.client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/eks/{name}/cluster")["logGroups"]
    assert group["retentionInDays"] == 30
    on = [types["types"] for types in cluster_of(base)["logging"]["clusterLogging"] if types["enabled"]]
    assert on == [["audit", "authenticator"]]


def test_pods_can_take_roles_by_its_identity_provider(base: Base) -> None:
    arn = base.outputs("services-eks")["oidcProviderArn"]
    provider = base.client("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert f"https://{provider['Url']}" == cluster_of(base)["identity"]["oidc"]["issuer"]
    assert provider["ClientIDList"] == ["sts.amazonaws.com"]


def test_fargate_may_start_pods_of_this_cluster_only(base: Base) -> None:
    name, client = base.outputs("services-eks")["clusterName"], base.client("eks")
    (profile,) = client.list_fargate_profiles(clusterName=name)["fargateProfileNames"]
    found = client.describe_fargate_profile(clusterName=name, fargateProfileName=profile)["fargateProfile"]
    assert [item["namespace"] for item in found["selectors"]] == ["default", "kube-system"]
    role = base.client("iam").get_role(RoleName=found["podExecutionRoleArn"].rpartition("/")[2])["Role"]
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Condition"]["ArnLike"]["aws:SourceArn"].endswith(f":fargateprofile/{name}/*")
    assert client.list_nodegroups(clusterName=name)["nodegroups"] == []


def test_nodes_are_in_the_clusters_group_and_the_applications_and_their_volumes_are_encrypted(
    base: Base, deployer: Deployer
) -> None:
    nodes = {"enabled": True, "instanceTypes": ["m7i.large"], "capacity": "spot"}
    outputs = deployer.up("services-eks", alone(base, nodes=nodes)).outputs
    name, client = outputs["clusterName"].value, deployer.client("eks")
    (group,) = client.list_nodegroups(clusterName=name)["nodegroups"]
    found = client.describe_nodegroup(clusterName=name, nodegroupName=group)["nodegroup"]
    assert (found["amiType"], found["capacityType"]) == ("AL2023_x86_64_STANDARD", "SPOT")
    template = found["launchTemplate"]
    (version,) = deployer.client("ec2").describe_launch_template_versions(
        LaunchTemplateId=template["id"], Versions=[template["version"]]
    )["LaunchTemplateVersions"]
    data = version["LaunchTemplateData"]
    own = cluster_of(deployer)["resourcesVpcConfig"]["clusterSecurityGroupId"]
    assert data["SecurityGroupIds"] == [own, base.outputs("security")["appSecurityGroupId"]]
    assert data["MetadataOptions"]["HttpTokens"] == "required"
    assert data["BlockDeviceMappings"][0]["Ebs"]["KmsKeyId"] == base.outputs("security")["kmsKeyArn"]
    tags = {tag["Key"]: tag["Value"] for tag in data["TagSpecifications"][0]["Tags"]}
    assert (tags["deployment"], tags["stack"]) == (deployer.deployment, "services-eks")


def test_dns_runs_on_fargate_where_there_are_no_nodes(base: Base, deployer: Deployer) -> None:
    nowhere = deployer.preview("services-eks", alone(base, addons={"coredns": {}}))
    (addon,) = [step for step in nowhere if step.type == "aws:eks/addon:Addon"]
    assert json.loads(addon.inputs["configurationValues"]) == {"computeType": "Fargate"}
    nodes = deployer.preview("services-eks", alone(base, addons={"coredns": {}}, nodes={"enabled": True}))
    (addon,) = [step for step in nodes if step.type == "aws:eks/addon:Addon"]
    assert "configurationValues" not in addon.inputs


def test_a_policy_without_namespaces_is_for_the_whole_cluster(base: Base, deployer: Deployer) -> None:
    access = {
        "team": {
            "principalArn": "arn:aws:iam::123456789012:role/team",
            "policies": {"AmazonEKSViewPolicy": [], "AmazonEKSEditPolicy": ["default"]},
        }
    }
    steps = deployer.preview("services-eks", alone(base, access=access))
    scopes = {
        step.inputs["policyArn"]: step.inputs["accessScope"]
        for step in steps
        if step.type == "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
    }
    assert scopes == {
        "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy": {"type": "cluster"},
        "arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy": {"type": "namespace", "namespaces": ["default"]},
    }


def test_a_public_endpoint_is_for_the_listed_addresses(base: Base, deployer: Deployer) -> None:
    deployer.up("services-eks", alone(base))
    before = cluster_of(deployer)
    deployer.up("services-eks", alone(base, endpoint={"public": True, "publicCidrs": ["192.0.2.0/24"]}))
    after = cluster_of(deployer)
    assert after["createdAt"] == before["createdAt"]
    network = after["resourcesVpcConfig"]
    assert (network["endpointPublicAccess"], network["publicAccessCidrs"]) == (True, ["192.0.2.0/24"])
    assert network["endpointPrivateAccess"] is True


def test_another_service_network_is_another_cluster_and_takes_everything_in_it_along(
    base: Base, deployer: Deployer
) -> None:
    before = deployer.up("services-eks", alone(base)).outputs["oidcProviderArn"].value
    result = deployer.up("services-eks", alone(base, serviceCidr="10.96.0.0/16"))
    assert result.outputs["oidcProviderArn"].value != before
    assert cluster_of(deployer)["kubernetesNetworkConfig"]["serviceIpv4Cidr"] == "10.96.0.0/16"
    client, name = deployer.client("eks"), result.outputs["clusterName"].value
    assert len(client.list_fargate_profiles(clusterName=name)["fargateProfileNames"]) == 1


def test_a_protected_cluster_is_not_destroyed(base: Base, deployer: Deployer) -> None:
    deployer.up("services-eks", alone(base, deletionProtection=True))
    with pytest.raises(CommandError, match="deletion protection"):
        deployer.destroy()
    assert cluster_of(deployer)["status"] == "ACTIVE"
    deployer.up("services-eks", alone(base))
