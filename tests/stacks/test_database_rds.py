"""The database-rds stack: Aurora or one instance, read back from AWS."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pulumi.automation.errors import CommandError

from tests.stacks.case import merged
from tests.stacks.cases.database_rds import stand_in
from tests.stacks.conftest import Base, Deployer

pytestmark = pytest.mark.xdist_group("stacks")


def alone(base: Base, **config: Any) -> dict[str, Any]:
    return merged(stand_in({name: base.outputs(name) for name in ("network", "security", "secrets")}), config)


def test_its_outputs_are_the_contracts(base: Base) -> None:
    outputs = base.outputs("database-rds")
    identity = {"stack", "deployment", "env"}
    assert set(outputs) == {"clusterEndpoint", "readerEndpoint", "port", "databaseName", "secretArn"} | identity
    assert (outputs["port"], outputs["databaseName"]) == (5432, "app")
    assert outputs["clusterEndpoint"] != outputs["readerEndpoint"]


def test_it_is_private_encrypted_and_pauses_at_zero(base: Base) -> None:
    base.outputs("database-rds")
    client, security = base.client("rds"), base.outputs("security")
    (cluster,) = client.describe_db_clusters()["DBClusters"]
    assert cluster["Endpoint"] == base.outputs("database-rds")["clusterEndpoint"]
    assert (cluster["StorageEncrypted"], cluster["KmsKeyId"]) == (True, security["kmsKeyArn"])
    assert cluster["IAMDatabaseAuthenticationEnabled"] is True
    assert [group["VpcSecurityGroupId"] for group in cluster["VpcSecurityGroups"]] == [security["dataSecurityGroupId"]]
    assert cluster["ServerlessV2ScalingConfiguration"]["MinCapacity"] == 0
    (instance,) = client.describe_db_instances()["DBInstances"]
    assert instance["PubliclyAccessible"] is False
    (group,) = client.describe_db_subnet_groups()["DBSubnetGroups"]
    subnets = sorted(subnet["SubnetIdentifier"] for subnet in group["Subnets"])
    assert subnets == sorted(base.outputs("network")["isolatedSubnetIds"])


def test_connections_without_tls_are_refused(base: Base) -> None:
    base.outputs("database-rds")
    client = base.client("rds")
    name = client.describe_db_clusters()["DBClusters"][0]["DBClusterParameterGroup"]
    found = client.describe_db_cluster_parameters(DBClusterParameterGroupName=name)["Parameters"]
    assert [item["ParameterValue"] for item in found if item["ParameterName"] == "rds.force_ssl"] == ["1"]


def test_rds_keeps_the_master_password_in_a_secret_of_its_own(base: Base) -> None:
    arn = base.outputs("database-rds")["secretArn"]
    assert arn
    assert arn != base.outputs("secrets")["databaseSecretArn"]


def test_the_password_of_the_secrets_stack_is_taken_and_never_shown(base: Base, deployer: Deployer) -> None:
    outputs = deployer.up("database-rds", alone(base, masterSecret="secrets")).outputs
    secret = base.outputs("secrets")["databaseSecretArn"]
    assert outputs["secretArn"].value == secret
    value = base.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"]
    folder = Path(deployer.environment["PULUMI_BACKEND_URL"].removeprefix("file://"))
    texts = [path.read_text(encoding="utf-8") for path in folder.rglob(f"{deployer.deployment}-*.json")]
    assert texts
    assert not any(json.loads(value)["password"] in text for text in texts)


def test_the_master_user_is_the_one_that_the_secret_names(base: Base, deployer: Deployer) -> None:
    secrets = deployer.client("secretsmanager")
    value = json.dumps({"username": "owner", "password": "correct-horse-battery"})
    arn = secrets.create_secret(Name=f"owner-{deployer.deployment}", SecretString=value)["ARN"]
    deployer.up("database-rds", alone(base, masterSecret="secrets", secretArn=arn))
    name = f"ecommerce-{deployer.deployment.lower()}-dev-database"
    (cluster,) = deployer.client("rds").describe_db_clusters(DBClusterIdentifier=name)["DBClusters"]
    assert cluster["MasterUsername"] == "owner"


def test_a_secret_without_a_password_is_refused_without_telling_it(base: Base, deployer: Deployer) -> None:
    secrets = deployer.client("secretsmanager")
    arn = secrets.create_secret(Name=f"plain-{deployer.deployment}", SecretString="hunter22")["ARN"]
    with pytest.raises(CommandError, match="no JSON object with a password") as refused:
        deployer.up("database-rds", alone(base, masterSecret="secrets", secretArn=arn))
    assert "hunter22" not in str(refused.value)


def test_a_protected_database_is_not_destroyed_until_the_protection_is_off(base: Base, deployer: Deployer) -> None:
    deployer.up("database-rds", alone(base, deletionProtection=True))
    with pytest.raises(CommandError, match="deletion protection"):
        deployer.stack("database-rds", alone(base, deletionProtection=True)).destroy()
    changes = deployer.up("database-rds", alone(base)).summary.resource_changes or {}
    assert "replace" not in changes
    deployer.destroy()
    name = f"ecommerce-{deployer.deployment.lower()}-dev-database"
    clusters = deployer.client("rds").describe_db_clusters()["DBClusters"]
    assert name not in {cluster["DBClusterIdentifier"] for cluster in clusters}


def test_a_final_snapshot_stays_behind(base: Base, deployer: Deployer) -> None:
    deployer.up("database-rds", alone(base, backup={"finalSnapshot": True}))
    deployer.destroy()
    name = f"ecommerce-{deployer.deployment.lower()}-dev-database-final"
    found = deployer.client("rds").describe_db_cluster_snapshots(DBClusterSnapshotIdentifier=name)
    assert [snapshot["Engine"] for snapshot in found["DBClusterSnapshots"]] == ["aurora-postgresql"]


def test_an_instance_can_be_watched_and_its_window_moved(base: Base, deployer: Deployer) -> None:
    watched = {
        "kind": "instance",
        "logs": {"enabled": True},
        "monitoring": {"performanceInsights": True, "interval": 60},
    }
    deployer.up("database-rds", alone(base, **watched))
    changes = deployer.up("database-rds", alone(base, **watched, backup={"window": "04:00-05:00"}))
    assert (changes.summary.resource_changes or {}).get("update") == 1
    name = f"ecommerce-{deployer.deployment.lower()}-dev-database"
    (instance,) = deployer.client("rds").describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
    assert (instance["PerformanceInsightsEnabled"], instance["MonitoringInterval"]) == (True, 60)
    assert instance["PerformanceInsightsKMSKeyId"] == base.outputs("security")["kmsKeyArn"]
    assert instance["EnabledCloudwatchLogsExports"] == ["postgresql"]
    assert instance["PreferredBackupWindow"] == "04:00-05:00"
    (group,) = deployer.client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/rds/instance/{name}/")["logGroups"]
    assert group["retentionInDays"] == 30


def test_one_instance_takes_the_place_of_aurora(base: Base, deployer: Deployer) -> None:
    deployer.up("database-rds", alone(base))
    outputs = deployer.up("database-rds", alone(base, kind="instance", engine="mysql")).outputs
    name = f"ecommerce-{deployer.deployment.lower()}-dev-database"
    client = deployer.client("rds")
    (instance,) = client.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
    assert (instance["Engine"], instance["StorageEncrypted"], instance["PubliclyAccessible"]) == ("mysql", True, False)
    assert outputs["clusterEndpoint"].value == instance["Endpoint"]["Address"]
    assert (outputs["readerEndpoint"].value, outputs["port"].value) == ("", 3306)
    assert not any(name == cluster["DBClusterIdentifier"] for cluster in client.describe_db_clusters()["DBClusters"])
    assert client.describe_db_subnet_groups(DBSubnetGroupName=f"{name}-instance")["DBSubnetGroups"]


def test_a_preview_of_production_protects_the_data(base: Base, deployer: Deployer) -> None:
    steps = deployer.preview(
        "database-rds",
        alone(base, readers=2, deletionProtection=True, backup={"retentionDays": 35, "finalSnapshot": True}),
    )
    (cluster,) = [step for step in steps if step.type == "aws:rds/cluster:Cluster"]
    assert cluster.inputs["deletionProtection"] is True
    assert cluster.inputs["skipFinalSnapshot"] is False
    assert cluster.inputs["finalSnapshotIdentifier"] == f"{cluster.inputs['clusterIdentifier']}-final"
    instances = [step for step in steps if step.type == "aws:rds/clusterInstance:ClusterInstance"]
    tiers = {step.name: step.inputs["promotionTier"] for step in instances}
    assert tiers == {"database-1": 0, "database-2": 1, "database-3": 1}
    assert all(step.inputs["publiclyAccessible"] is False for step in instances)
