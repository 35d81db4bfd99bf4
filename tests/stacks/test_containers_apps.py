"""The containers-apps stack: applications as ECS services, read back from AWS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from pulumi.automation.errors import CommandError

from tests.stacks.conftest import Base, Deployer

pytestmark = pytest.mark.xdist_group("stacks")

IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/web:1"
SESSION = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:session-AbCdEf"
MASTER = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:master-AbCdEf"


def alone(base: Base, apps: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Configuration with which only the applications are this deployment's; the listener has a rule of its own there."""
    ecs, network, security = base.outputs("services-ecs"), base.outputs("network"), base.outputs("security")
    return {
        "clusterArn": ecs["clusterArn"],
        "listenerArn": ecs["listenerArn"],
        "albDnsName": ecs["albDnsName"],
        "namespaceId": ecs["namespaceId"],
        "vpcId": network["vpcId"],
        "subnetIds": network["privateSubnetIds"],
        "securityGroupId": security["appSecurityGroupId"],
        "kmsKeyArn": security["kmsKeyArn"],
        "imageUris": {"web": IMAGE},
        "apps": {name: {"priority": 900 + place, **app} for place, (name, app) in enumerate(apps.items())},
        **more,
    }


def deployed(deployer: Deployer, config: Mapping[str, Any]) -> dict[str, Any]:
    return {name: output.value for name, output in deployer.up("containers-apps", config).outputs.items()}


def service(deployer: Deployer, outputs: Mapping[str, Any], app: str, cluster: str) -> dict[str, Any]:
    answer = deployer.client("ecs").describe_services(cluster=cluster, services=[outputs["serviceNames"][app]])
    found: dict[str, Any] = answer["services"][0]
    return found


def container(deployer: Deployer, outputs: Mapping[str, Any], app: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """(task definition, its one container)"""
    arn = outputs["taskDefinitionArns"][app]
    task = deployer.client("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"]
    (only,) = task["containerDefinitions"]
    return task, only


def allowed(deployer: Deployer, role_arn: str) -> dict[str, list[str]]:
    """Action -> resources, of the role's own policies."""
    iam, role = deployer.client("iam"), role_arn.rpartition("/")[2]
    found: dict[str, list[str]] = {}
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for statement in document["Statement"]:
            resources = statement["Resource"]
            for action in statement["Action"]:
                found.setdefault(action, []).extend(resources if isinstance(resources, list) else [resources])
    return found


def test_its_outputs_are_the_contracts(base: Base) -> None:
    outputs = base.outputs("containers-apps")
    assert set(outputs) == {"serviceNames", "taskDefinitionArns", "urls", "stack", "deployment", "env"}
    assert outputs["serviceNames"]["app"].startswith(f"ecommerce-{base.deployment.lower()}-dev-app-")
    assert outputs["urls"] == {"app": f"http://{base.outputs('services-ecs')['albDnsName']}/"}


def test_an_application_is_one_task_on_spot_that_can_write_nowhere(base: Base, deployer: Deployer) -> None:
    outputs = deployed(deployer, alone(base, {"web": {}}))
    task, only = container(deployer, outputs, "web")
    assert (task["cpu"], task["memory"], task["networkMode"]) == ("256", "512", "awsvpc")
    assert (only["image"], only["readonlyRootFilesystem"], only["privileged"]) == (IMAGE, True, False)
    (group,) = deployer.client("logs").describe_log_groups(
        logGroupNamePrefix=only["logConfiguration"]["options"]["awslogs-group"]
    )["logGroups"]
    assert group["retentionInDays"] == 30

    found = service(deployer, outputs, "web", base.outputs("services-ecs")["clusterArn"])
    assert found["desiredCount"] == 1
    assert found["capacityProviderStrategy"] == [{"capacityProvider": "FARGATE_SPOT", "weight": 100}]
    assert found["deploymentConfiguration"]["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    network = found["networkConfiguration"]["awsvpcConfiguration"]
    assert network["assignPublicIp"] == "DISABLED"
    assert network["securityGroups"] == [base.outputs("security")["appSecurityGroupId"]]
    registry = found["serviceRegistries"][0]["registryArn"].rpartition("/")[2]
    named = deployer.client("servicediscovery").get_service(Id=registry)["Service"]
    assert (named["Name"], named["DnsConfig"]["DnsRecords"]) == ("web", [{"Type": "A", "TTL": 10}])


def test_the_listener_leads_to_it(base: Base, deployer: Deployer) -> None:
    routed = {"paths": ["/shop/*"], "hosts": ["*.example"], "priority": 77, "healthCheck": {"path": "/ok"}}
    outputs = deployed(deployer, alone(base, {"web": routed}))
    elb, ecs = deployer.client("elbv2"), base.outputs("services-ecs")
    assert outputs["urls"] == {"web": f"http://{ecs['albDnsName']}/shop/"}
    rules = {rule["Priority"]: rule for rule in elb.describe_rules(ListenerArn=ecs["listenerArn"])["Rules"]}
    fields = {condition["Field"]: condition for condition in rules["77"]["Conditions"]}
    assert fields["path-pattern"]["PathPatternConfig"]["Values"] == ["/shop/*"]
    assert fields["host-header"]["HostHeaderConfig"]["Values"] == ["*.example"]
    (target,) = service(deployer, outputs, "web", ecs["clusterArn"])["loadBalancers"]
    assert rules["77"]["Actions"][0]["TargetGroupArn"] == target["targetGroupArn"]
    (group,) = elb.describe_target_groups(TargetGroupArns=[target["targetGroupArn"]])["TargetGroups"]
    assert (group["TargetType"], group["Port"], group["HealthCheckPath"]) == ("ip", 8080, "/ok")


def test_its_address_is_by_tls_where_the_listener_is(base: Base, deployer: Deployer) -> None:
    network, security = base.outputs("network"), base.outputs("security")
    certificate = deployer.client("acm").request_certificate(DomainName="shop.example")["CertificateArn"]
    ecs = deployer.up(
        "services-ecs",
        {
            "vpcId": network["vpcId"],
            "privateSubnetIds": network["privateSubnetIds"],
            "webSecurityGroupId": security["webSecurityGroupId"],
            "loadBalancer": {"certificateArn": certificate},
        },
    ).outputs
    here = {name: ecs[name].value for name in ("clusterArn", "listenerArn", "albDnsName", "namespaceId")}
    outputs = deployed(deployer, alone(base, {"web": {}}, **here, domainName="shop.example"))
    assert outputs["urls"] == {"web": "https://shop.example/"}


def test_its_roles_may_read_its_secrets_and_buckets_and_nothing_else(base: Base, deployer: Deployer) -> None:
    bucket, key = base.outputs("storage")["bucketArns"]["data"], base.outputs("security")["kmsKeyArn"]
    app = {"secrets": {"A": "session", "B": "session:salt"}, "database": True, "buckets": {"data": "read"}}
    database = {"endpoint": "w", "readerEndpoint": "", "port": 5432, "name": "shop", "secretArn": MASTER}
    more = {"secretArns": {"session": SESSION}, "bucketArns": {"data": bucket}, "database": database}
    task, only = container(deployer, deployed(deployer, alone(base, {"web": app}, **more)), "web")

    assert {item["name"]: item["valueFrom"] for item in only["secrets"]} == {
        "A": SESSION,
        "B": f"{SESSION}:salt::",
        "DATABASE_USERNAME": f"{MASTER}:username::",
        "DATABASE_PASSWORD": f"{MASTER}:password::",
    }
    assert {item["name"]: item["value"] for item in only["environment"]} == {
        "DATABASE_HOST": "w",
        "DATABASE_READER_HOST": "w",
        "DATABASE_PORT": "5432",
        "DATABASE_NAME": "shop",
    }
    execution = allowed(deployer, task["executionRoleArn"])
    assert execution["secretsmanager:GetSecretValue"] == [SESSION, MASTER]
    assert execution["ecr:BatchGetImage"] == ["arn:aws:ecr:eu-west-1:123456789012:repository/shop/web"]
    assert execution["kms:Decrypt"] == [key]
    assert allowed(deployer, task["taskRoleArn"]) == {
        "s3:ListBucket": [bucket],
        "s3:GetObject": [f"{bucket}/*"],
        "kms:Decrypt": [key],
        "kms:GenerateDataKey": [key],
    }


def test_an_image_from_elsewhere_needs_no_rights_in_ecr(base: Base, deployer: Deployer) -> None:
    app = {"image": "public.ecr.aws/nginx/nginx:1.27"}
    task, _ = container(deployer, deployed(deployer, alone(base, {"web": app})), "web")
    assert set(allowed(deployer, task["executionRoleArn"])) == {"logs:CreateLogStream", "logs:PutLogEvents"}
    assert allowed(deployer, task["taskRoleArn"]) == {}


def test_what_the_scaling_decided_is_not_put_back(base: Base, deployer: Deployer) -> None:
    scaled = {"desiredCount": 2, "autoscaling": {"enabled": True, "minimum": 2, "maximum": 6, "requestsPerTarget": 100}}
    outputs = deployed(deployer, alone(base, {"web": scaled}))
    name, cluster = outputs["serviceNames"]["web"], base.outputs("services-ecs")["clusterArn"]
    resource = f"service/{cluster.rpartition('/')[2]}/{name}"
    scaling = deployer.client("application-autoscaling")
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=[resource])["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (2, 6)
    policies = scaling.describe_scaling_policies(ServiceNamespace="ecs", ResourceId=resource)["ScalingPolicies"]
    metrics = {
        (metric := item["TargetTrackingScalingPolicyConfiguration"]["PredefinedMetricSpecification"])[
            "PredefinedMetricType"
        ]: metric.get("ResourceLabel", "")
        for item in policies
    }
    balancer = base.outputs("services-ecs")["albArn"].partition(":loadbalancer/")[2]
    assert set(metrics) == {"ECSServiceAverageCPUUtilization", "ALBRequestCountPerTarget"}
    assert metrics["ALBRequestCountPerTarget"].startswith(f"{balancer}/targetgroup/")

    deployer.client("ecs").update_service(cluster=cluster, service=name, desiredCount=5)
    deployer.up("containers-apps", alone(base, {"web": {**scaled, "environment": {"STAGE": "dev"}}}))
    assert service(deployer, outputs, "web", cluster)["desiredCount"] == 5


def test_a_new_image_is_a_new_revision_of_the_same_service(base: Base, deployer: Deployer) -> None:
    first = deployed(deployer, alone(base, {"web": {}}))
    newer = alone(base, {"web": {}}, imageUris={"web": IMAGE.replace(":1", ":2")})
    steps = {(step.op, step.type) for step in deployer.preview("containers-apps", newer) if step.op != "same"}
    assert ("update", "aws:ecs/service:Service") in steps
    second = deployed(deployer, newer)
    assert second["serviceNames"] == first["serviceNames"]
    assert second["taskDefinitionArns"]["web"].endswith(":2")
    found = service(deployer, second, "web", base.outputs("services-ecs")["clusterArn"])
    assert found["taskDefinition"] == second["taskDefinitionArns"]["web"]
    old = deployer.client("ecs").describe_task_definition(taskDefinition=first["taskDefinitionArns"]["web"])
    assert old["taskDefinition"]["status"] == "INACTIVE"


def test_a_bucket_that_storage_does_not_have_is_told_by_name(base: Base, deployer: Deployer) -> None:
    deployer.up("storage", {"kmsKeyArn": base.outputs("security")["kmsKeyArn"]})
    config = alone(base, {"web": {"buckets": {"assets": "read"}}})
    with pytest.raises(CommandError, match="the output 'bucketArns' of storage has no 'assets'; it has data"):
        deployer.up("containers-apps", config)
