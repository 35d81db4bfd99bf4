"""The monitoring stack: what it watches, whom it tells, and that it needs no other stack."""

from __future__ import annotations

import json
import runpy
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import Request

import pulumi.automation as auto
import pytest
from pulumi.automation.errors import CommandError

from cloud.adapters.pulumi import AutomationRunner, EngineSettings
from tests.stacks.case import case_of, merged
from tests.stacks.conftest import STACKS, Base, Deployer
from tests.stacks.lives import Life
from tests.stacks.preview_graph import PreviewGraph

pytestmark = pytest.mark.xdist_group("stacks")

STACK = "monitoring"
ALARM, CANARY = "aws:cloudwatch/metricAlarm:MetricAlarm", "aws:synthetics/canary:Canary"
CLUSTER = "arn:aws:ecs:eu-west-1:123456789012:cluster/shop"


def alarms_of(deployer: Deployer) -> dict[str, dict[str, Any]]:
    """By the key that the stack gives them."""
    arns = deployer.outputs(STACK)["alarmArns"]
    found = deployer.client("cloudwatch").describe_alarms()["MetricAlarms"]
    by_arn = {alarm["AlarmArn"]: dict(alarm) for alarm in found}
    return {key: by_arn[arn] for key, arn in arns.items()}


def dashboard_of(deployer: Deployer) -> list[dict[str, Any]]:
    answer = deployer.client("cloudwatch").get_dashboard(DashboardName=deployer.outputs(STACK)["dashboardName"])
    return list(json.loads(answer["DashboardBody"])["widgets"])


def dimensions(alarm: dict[str, Any]) -> dict[str, str]:
    return {item["Name"]: item["Value"] for item in alarm["Dimensions"]}


def production(base: Base) -> dict[str, Any]:
    case = case_of(STACK)
    return merged(case.stand_in({name: base.outputs(name) for name in case.needs}), case.production)


def test_its_outputs_are_the_contracts(base: Base) -> None:
    outputs = base.outputs(STACK)
    assert set(outputs) == {"topicArn", "dashboardName", "alarmArns", "stack", "deployment", "env"}
    assert outputs["topicArn"].endswith(f":ecommerce-{base.deployment.lower()}-dev-alarms")
    assert outputs["dashboardName"] == f"ecommerce-{base.deployment.lower()}-dev"


def test_without_anything_to_watch_there_is_a_topic_and_a_dashboard_and_no_alarm(base: Base) -> None:
    assert base.outputs(STACK)["alarmArns"] == {}
    (heading,) = dashboard_of(base)
    assert heading["type"] == "text"
    assert base.deployment in heading["properties"]["markdown"]


def test_its_topic_is_encrypted_by_a_key_that_alarms_may_use(base: Base) -> None:
    topic = base.outputs(STACK)["topicArn"]
    attributes = base.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]
    key = attributes["KmsMasterKeyId"]
    policy = json.loads(base.client("kms").get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    (publisher,) = (item for item in policy["Statement"] if item.get("Sid") == "Cloudwatch")
    assert publisher["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert sorted(publisher["Action"]) == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert publisher["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    statements = {item["Sid"]: item for item in json.loads(attributes["Policy"])["Statement"]}
    assert set(statements) == {"Cloudwatch", "TlsOnly"}
    assert statements["TlsOnly"]["Effect"] == "Deny"
    assert statements["Cloudwatch"]["Condition"]["ArnLike"] == {
        "aws:SourceArn": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:*"
    }


def test_what_is_deployed_is_watched(base: Base, deployer: Deployer) -> None:
    config = production(base)
    outputs = deployer.up(STACK, config).outputs
    alarms, topic = alarms_of(deployer), outputs["topicArn"].value
    assert set(alarms) == {
        "database-cpu",
        "database-capacity",
        "load-balancer-errors",
        "load-balancer-target-errors",
        "service-app-cpu",
        "service-app-memory",
        "kubernetes-api-errors",
        "kubernetes-pending-pods",
        "api-errors",
        "api-latency",
        "instances-cpu",
        "instances-status",
        "function-worker-errors",
        "function-worker-throttles",
        "function-worker-dead-letters",
        "log-errors",
        "canary-heartbeat",
    }
    assert {(tuple(alarm["AlarmActions"]), tuple(alarm["OKActions"])) for alarm in alarms.values()} == {
        ((topic,), (topic,))
    }
    assert {key for key, alarm in alarms.items() if not alarm["ActionsEnabled"]} == {"instances-cpu"}
    assert {key for key, alarm in alarms.items() if alarm["TreatMissingData"] == "breaching"} == {"canary-heartbeat"}

    functions = base.outputs("compute-lambda")
    worker = functions["functionNames"]["worker"]
    assert dimensions(alarms["function-worker-errors"]) == {"FunctionName": worker}
    assert dimensions(alarms["function-worker-dead-letters"]) == {"QueueName": f"{worker}-dlq"}
    identifier = base.outputs("database-rds")["clusterEndpoint"].partition(".")[0]
    assert dimensions(alarms["database-cpu"]) == {"DBClusterIdentifier": identifier}
    assert dimensions(alarms["load-balancer-errors"]) == {"LoadBalancer": "app/shop/0123456789abcdef"}
    assert dimensions(alarms["service-app-cpu"]) == {"ClusterName": "shop", "ServiceName": "shop-app-1234567"}
    # A failure alarms at once, a load when it lasts.
    assert alarms["function-worker-errors"]["EvaluationPeriods"] == 1
    assert (alarms["database-cpu"]["EvaluationPeriods"], alarms["database-cpu"]["DatapointsToAlarm"]) == (5, 3)
    part, whole, rate = alarms["api-errors"]["Metrics"]
    assert [query["MetricStat"]["Metric"]["MetricName"] for query in (part, whole)] == ["5xx", "Count"]
    assert (rate["Expression"], rate["ReturnData"]) == ("IF(whole > 0, 100 * part / whole, 0)", True)


def test_its_dashboard_has_a_line_for_every_alarm_and_no_widget_over_another(base: Base, deployer: Deployer) -> None:
    deployer.up(STACK, production(base))
    widgets = dashboard_of(deployer)
    assert [widget["type"] for widget in widgets[:2]] == ["text", "alarm"]
    assert set(widgets[1]["properties"]["alarms"]) == set(deployer.outputs(STACK)["alarmArns"].values())
    graphs = widgets[2:]
    visible = [
        line for graph in graphs for line in graph["properties"]["metrics"] if line[-1].get("visible", True) is True
    ]
    assert len(visible) == len(alarms_of(deployer))
    cells = [
        (x, y)
        for widget in widgets
        for x in range(widget["x"], widget["x"] + widget["width"])
        for y in range(widget["y"], widget["y"] + widget["height"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


def test_a_database_instance_is_watched_for_its_storage(base: Base, deployer: Deployer) -> None:
    key = base.client("kms").create_key()["KeyMetadata"]["Arn"]
    config = {
        "kmsKeyArn": key,
        "dashboard": False,
        "databaseKind": "instance",
        "databaseEndpoint": "shop.abcdef.eu-west-1.rds.amazonaws.com",
    }
    outputs = deployer.up(STACK, config).outputs
    alarms = alarms_of(deployer)
    assert set(alarms) == {"database-cpu", "database-storage"}
    storage = alarms["database-storage"]
    assert (storage["ComparisonOperator"], storage["Threshold"]) == ("LessThanThreshold", 2 * 1024**3)
    assert dimensions(storage) == {"DBInstanceIdentifier": "shop"}
    assert outputs["dashboardName"].value == ""
    topic = deployer.client("sns").get_topic_attributes(TopicArn=outputs["topicArn"].value)["Attributes"]
    assert topic["KmsMasterKeyId"] == key
    assert "aws:kms/key:Key" not in {item["type"] for item in deployer.resources(STACK)}


def test_a_budget_of_this_deployment_tells_the_topic(base: Base, deployer: Deployer) -> None:
    outputs = deployer.up(STACK, production(base)).outputs
    client, account = deployer.client("budgets"), "123456789012"
    name = f"ecommerce-{deployer.deployment.lower()}-dev-monthly"
    budget = client.describe_budget(AccountId=account, BudgetName=name)["Budget"]
    assert (budget["BudgetLimit"], budget["TimeUnit"]) == ({"Amount": "500", "Unit": "USD"}, "MONTHLY")
    assert budget["CostFilters"] == {"TagKeyValue": [f"user:deployment${deployer.deployment}"]}
    notifications = client.describe_notifications_for_budget(AccountId=account, BudgetName=name)["Notifications"]
    assert [(item["NotificationType"], item["Threshold"]) for item in notifications] == [
        ("ACTUAL", 50),
        ("ACTUAL", 80),
        ("ACTUAL", 100),
        ("FORECASTED", 100),
    ]
    told = client.describe_subscribers_for_notification(
        AccountId=account, BudgetName=name, Notification=notifications[0]
    )
    assert told["Subscribers"] == [{"SubscriptionType": "SNS", "Address": outputs["topicArn"].value}]
    policy = deployer.client("sns").get_topic_attributes(TopicArn=outputs["topicArn"].value)["Attributes"]["Policy"]
    assert "Budgets" in {item["Sid"] for item in json.loads(policy)["Statement"]}
    found = deployer.client("sns").list_subscriptions_by_topic(TopicArn=outputs["topicArn"].value)["Subscriptions"]
    assert sorted(item["Endpoint"] for item in found) == ["boss@shop.example", "ops@shop.example"]


def test_its_canary_runs_the_script_of_the_stacks_folder_and_a_changed_script_changes_it(
    base: Base, deployer: Deployer
) -> None:
    config = {**production(base), "dashboard": False}
    deployer.up(STACK, config)
    name = next(item["id"] for item in deployer.resources(STACK) if item["type"] == CANARY)
    canary = deployer.client("synthetics").get_canary(Name=name)["Canary"]
    assert (canary["Status"]["State"], canary["Code"]["Handler"]) == ("RUNNING", "heartbeat.handler")
    assert canary["ArtifactConfig"]["S3Encryption"]["EncryptionMode"] == "SSE_KMS"
    folder = deployer.folder / STACK
    (packed,) = (folder / ".canaries").iterdir()
    with zipfile.ZipFile(packed) as archive:
        assert archive.namelist() == ["python/heartbeat.py"]
        assert archive.read("python/heartbeat.py") == (STACKS / STACK / "canaries/heartbeat.py").read_bytes()
    script = folder / "canaries/heartbeat.py"
    script.write_text(script.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    changed = [step for step in deployer.preview(STACK, config) if step.op != "same"]
    assert [(step.op, step.type) for step in changed] == [("update", CANARY)]


def test_a_muted_alarm_that_there_is_not_is_an_error(deployer: Deployer) -> None:
    with pytest.raises(CommandError, match="muted names no alarm: database-cpu; there are none"):
        deployer.up(STACK, {"muted": ["database-cpu"]})


def test_a_function_that_there_is_not_is_an_error(deployer: Deployer) -> None:
    with pytest.raises(CommandError, match="functionNames has no 'mailer'; it has worker"):
        deployer.up(STACK, {"functionNames": {"worker": "shop-worker"}, "functions": ["mailer"]})


@pytest.mark.timeout(600)
@pytest.mark.parametrize("stack", [STACK])
def test_the_emulated_aws_applies_all_of_it(life: Life) -> None:
    assert life.warnings == []


def test_the_heartbeat_passes_on_an_answer_and_fails_without(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Request] = []

    class Answer:
        status = 200

        def __enter__(self) -> Answer:
            return self

        def __exit__(self, *_: object) -> None: ...

    def answered(request: Request, timeout: float) -> Answer:
        assert timeout == 29
        asked.append(request)
        return Answer()

    # Not imported: what Python would leave beside the file belongs to no canary.
    script = runpy.run_path(str(STACKS / STACK / "canaries/heartbeat.py"))
    monkeypatch.setattr(script["urllib"].request, "urlopen", answered)
    monkeypatch.setenv("TIMEOUT", "29")
    monkeypatch.setenv("URL", "https://shop.example/health")
    assert script["handler"]({}, None) == "fine"
    assert [request.full_url for request in asked] == ["https://shop.example/health"]
    monkeypatch.setenv("URL", "file:///etc/passwd")
    with pytest.raises(ValueError, match="is not https"):
        script["handler"]({}, None)


# -- previews before anything is deployed

APPS = """
import pulumi
from cloud_stack import export_outputs
service = pulumi.Stash("service", input="app")
export_outputs({"serviceNames": {"app": service.id}, "clusterArn": service.output})
"""


@pytest.fixture
def apps(engine: auto.PulumiCommand, environment: dict[str, str], tmp_path: Path) -> PreviewGraph:
    """Applications whose names are known only once they are deployed, and this stack after them."""
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
    return PreviewGraph(runner, {"containers-apps": [], STACK: ["containers-apps"]}, {"containers-apps": APPS})


@pytest.fixture
def watching(apps: PreviewGraph) -> Callable[..., dict[str, Any]]:
    """The preview of monitoring with the template's placeholder and further configuration."""

    def preview(**config: Any) -> dict[str, Any]:
        names = "{{stack.containers-apps.serviceNames | default(null)}}"
        apps.configure(**{STACK: {"cluster_arn": CLUSTER, "service_names": names, **config}})
        found: dict[str, Any] = apps.preview("containers-apps", STACK)[STACK]
        return found

    return preview


def test_services_that_are_listed_can_be_previewed_before_they_are_deployed(
    watching: Callable[..., dict[str, Any]],
) -> None:
    found = watching(services=["app"])
    assert found["previewable"]
    assert [step["op"] for step in found["steps"] if step["type"] == ALARM] == ["create", "create"]


def test_services_that_nobody_can_know_yet_are_waited_for(watching: Callable[..., dict[str, Any]]) -> None:
    found = watching()
    assert found["reason"] == "not previewable until containers-apps is deployed"
    assert "list it under services" in found["detail"]
