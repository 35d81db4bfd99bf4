"""The services-ecs stack: a cluster and its load balancer, read back from AWS."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.automation.errors import CommandError

from tests.stacks.conftest import Base, Deployer

pytestmark = pytest.mark.xdist_group("stacks")


def listeners(deployer: Deployer, balancer: str) -> dict[int, dict[str, Any]]:
    found = deployer.client("elbv2").describe_listeners(LoadBalancerArn=balancer)["Listeners"]
    return {listener["Port"]: listener for listener in found}


def attributes(deployer: Deployer, balancer: str) -> dict[str, str]:
    told = deployer.client("elbv2").describe_load_balancer_attributes(LoadBalancerArn=balancer)
    return {item["Key"]: item["Value"] for item in told["Attributes"]}


def certificate(deployer: Deployer, domain: str) -> str:
    return str(deployer.client("acm").request_certificate(DomainName=domain)["CertificateArn"])


def test_its_outputs_are_the_contracts(base: Base) -> None:
    outputs = base.outputs("services-ecs")
    assert set(outputs) == {
        *("clusterArn", "albArn", "albDnsName", "listenerArn", "namespaceId"),
        *("stack", "deployment", "env"),
    }
    name = f"ecommerce-{base.deployment.lower()}-dev"
    assert outputs["clusterArn"].endswith(f":cluster/{name}")
    assert outputs["listenerArn"].startswith(outputs["albArn"].replace(":loadbalancer/", ":listener/"))
    namespace = base.client("servicediscovery").get_namespace(Id=outputs["namespaceId"])["Namespace"]
    assert (namespace["Name"], namespace["Type"]) == (f"{name}.internal", "DNS_PRIVATE")


def test_its_cluster_runs_on_fargate_and_on_demand_by_default(base: Base) -> None:
    arn = base.outputs("services-ecs")["clusterArn"]
    (cluster,) = base.client("ecs").describe_clusters(clusters=[arn])["clusters"]
    assert cluster["capacityProviders"] == ["FARGATE", "FARGATE_SPOT"]
    assert cluster["defaultCapacityProviderStrategy"] == [{"capacityProvider": "FARGATE", "weight": 1}]


def test_without_a_certificate_its_load_balancer_stays_inside_the_vpc_and_knows_nothing(base: Base) -> None:
    outputs = base.outputs("services-ecs")
    (balancer,) = base.client("elbv2").describe_load_balancers(LoadBalancerArns=[outputs["albArn"]])["LoadBalancers"]
    assert balancer["Scheme"] == "internal"
    assert balancer["SecurityGroups"] == [base.outputs("security")["webSecurityGroupId"]]
    zones = sorted(zone["SubnetId"] for zone in balancer["AvailabilityZones"])
    assert zones == sorted(base.outputs("network")["privateSubnetIds"])
    assert attributes(base, outputs["albArn"])["routing.http.drop_invalid_header_fields.enabled"] == "true"
    found = listeners(base, outputs["albArn"])
    assert list(found) == [80]
    (action,) = found[80]["DefaultActions"]
    assert (action["Type"], action["FixedResponseConfig"]["StatusCode"]) == ("fixed-response", "404")


def test_with_a_certificate_it_faces_the_internet_by_tls_behind_the_firewall(base: Base, deployer: Deployer) -> None:
    network = base.outputs("network")
    deployer.up("security", {"vpcId": network["vpcId"], "vpcCidr": network["cidr"], "waf": {"enabled": True}})
    first, other = certificate(deployer, "shop.example"), certificate(deployer, "other.example")
    settings = {
        "vpcId": network["vpcId"],
        "publicSubnetIds": network["publicSubnetIds"],
        "waf": True,
        "loadBalancer": {
            "internetFacing": True,
            "certificateArn": first,
            "furtherCertificateArns": [other],
            "accessLogsBucket": "logs-of-everybody",
        },
    }
    outputs = {name: output.value for name, output in deployer.up("services-ecs", settings).outputs.items()}
    found = listeners(deployer, outputs["albArn"])
    assert outputs["listenerArn"] == found[443]["ListenerArn"]
    (redirect,) = found[80]["DefaultActions"]
    assert (redirect["Type"], redirect["RedirectConfig"]["Protocol"]) == ("redirect", "HTTPS")
    assert found[443]["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    certificates = deployer.client("elbv2").describe_listener_certificates(ListenerArn=outputs["listenerArn"])
    assert {item["CertificateArn"] for item in certificates["Certificates"]} == {first, other}
    acl = deployer.client("wafv2").get_web_acl_for_resource(ResourceArn=outputs["albArn"])["WebACL"]
    assert acl["ARN"] == deployer.outputs("security")["webAclArn"]
    logs = attributes(deployer, outputs["albArn"])
    assert (logs["access_logs.s3.enabled"], logs["access_logs.s3.bucket"]) == ("true", "logs-of-everybody")

    changed = {
        **settings,
        "loadBalancer": {**settings["loadBalancer"], "certificateArn": other, "minimumTls": "TLSv1.3"},
    }
    again = deployer.up("services-ecs", changed)
    assert again.outputs["listenerArn"].value == outputs["listenerArn"]
    now = listeners(deployer, outputs["albArn"])[443]
    assert now["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-3-2021-06"
    assert [item["CertificateArn"] for item in now["Certificates"]][:1] == [other]


def test_what_no_application_takes_goes_to_the_system_that_was_there_before(base: Base, deployer: Deployer) -> None:
    network, security = base.outputs("network"), base.outputs("security")
    settings = {
        "vpcId": network["vpcId"],
        "privateSubnetIds": network["privateSubnetIds"],
        "webSecurityGroupId": security["webSecurityGroupId"],
        "fallback": {"enabled": True, "addresses": ["10.0.200.10", "10.0.200.11"], "healthPath": "/health"},
    }
    balancer = deployer.up("services-ecs", settings).outputs["albArn"].value
    (action,) = listeners(deployer, balancer)[80]["DefaultActions"]
    elb = deployer.client("elbv2")
    (group,) = elb.describe_target_groups(TargetGroupArns=[action["TargetGroupArn"]])["TargetGroups"]
    assert (group["TargetType"], group["HealthCheckPath"]) == ("ip", "/health")
    health = elb.describe_target_health(TargetGroupArn=action["TargetGroupArn"])["TargetHealthDescriptions"]
    assert {item["Target"]["Id"] for item in health} == {"10.0.200.10", "10.0.200.11"}


def test_shells_in_containers_are_encrypted_and_logged_where_they_are_allowed(base: Base, deployer: Deployer) -> None:
    network, security = base.outputs("network"), base.outputs("security")
    settings = {
        "vpcId": network["vpcId"],
        "privateSubnetIds": network["privateSubnetIds"],
        "webSecurityGroupId": security["webSecurityGroupId"],
        "kmsKeyArn": security["kmsKeyArn"],
        "executeCommand": {"enabled": True, "retentionDays": 7},
    }
    arn = deployer.up("services-ecs", settings).outputs["clusterArn"].value
    answer = deployer.client("ecs").describe_clusters(clusters=[arn], include=["CONFIGURATIONS"])
    command = answer["clusters"][0]["configuration"]["executeCommandConfiguration"]
    assert (command["kmsKeyId"], command["logging"]) == (security["kmsKeyArn"], "OVERRIDE")
    group = command["logConfiguration"]["cloudWatchLogGroupName"]
    assert group == f"/ecs/ecommerce-{deployer.deployment.lower()}-dev/execute-command"
    (found,) = deployer.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert found["retentionInDays"] == 7


def test_a_web_acl_that_security_does_not_have_is_an_error_and_no_silent_gap(base: Base, deployer: Deployer) -> None:
    network = base.outputs("network")
    deployer.up("security", {"vpcId": network["vpcId"], "vpcCidr": network["cidr"]})
    settings = {"vpcId": network["vpcId"], "privateSubnetIds": network["privateSubnetIds"], "waf": True}
    with pytest.raises(CommandError, match="the output 'webAclArn' of security is empty"):
        deployer.up("services-ecs", settings)
