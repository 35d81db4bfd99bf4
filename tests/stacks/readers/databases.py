"""RDS."""

from __future__ import annotations

from collections.abc import Mapping

from tests.stacks.readback import Reader, told_by

READERS: Mapping[str, Reader] = {
    "aws:rds/subnetGroup:SubnetGroup": told_by(
        "rds",
        "describe_db_subnet_groups",
        lambda resource: {"DBSubnetGroupName": resource["id"]},
        "DBSubnetGroups",
        ("DBSubnetGroupNotFoundFault", "DBSubnetGroupNotFound"),
    ),
    "aws:rds/parameterGroup:ParameterGroup": told_by(
        "rds",
        "describe_db_parameter_groups",
        lambda resource: {"DBParameterGroupName": resource["id"]},
        "DBParameterGroups",
        ("DBParameterGroupNotFound",),
    ),
    "aws:rds/clusterParameterGroup:ClusterParameterGroup": told_by(
        "rds",
        "describe_db_cluster_parameter_groups",
        lambda resource: {"DBClusterParameterGroupName": resource["id"]},
        "DBClusterParameterGroups",
        ("DBParameterGroupNotFound",),
    ),
    "aws:rds/cluster:Cluster": told_by(
        "rds",
        "describe_db_clusters",
        lambda resource: {"DBClusterIdentifier": resource["id"]},
        "DBClusters",
        ("DBClusterNotFoundFault",),
    ),
    "aws:rds/clusterInstance:ClusterInstance": told_by(
        "rds",
        "describe_db_instances",
        lambda resource: {"DBInstanceIdentifier": resource["id"]},
        "DBInstances",
        ("DBInstanceNotFound", "DBInstanceNotFoundFault"),
    ),
    "aws:rds/instance:Instance": told_by(
        "rds",
        "describe_db_instances",
        lambda resource: {"DBInstanceIdentifier": resource["outputs"]["identifier"]},
        "DBInstances",
        ("DBInstanceNotFound", "DBInstanceNotFoundFault"),
    ),
}
