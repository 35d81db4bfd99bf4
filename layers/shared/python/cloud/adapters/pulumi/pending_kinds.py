"""How the usual kinds of AWS resources are found again when only their inputs are known: three tables.

By name: AWS allows a name once, and answers for it at once. By tags: kinds that AWS itself names. Settings: kinds that are a
property of another resource, put there by a call that may be repeated.

Ids are those that Pulumi's AWS provider gives (and takes to import a resource).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ByName:
    """One question to one service. ``{property}`` in ``arguments`` stands for an input.

    ``name`` is the input that holds the name, ``items`` where the answer lists what there is (empty: the answer itself is about
    the one), ``name_member`` and ``id_member`` are members of an item; without an ``id_member`` the name is the id. ``missing``
    are the error codes that say that there is none.
    """

    name: str
    service: str
    operation: str
    arguments: Mapping[str, Any]
    missing: tuple[str, ...] = ()
    items: str = ""
    name_member: str = ""
    id_member: str = ""
    states: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Members with the values that mean that it exists no more."""


NAMED: Mapping[str, ByName] = {
    "aws:s3/bucket:Bucket": ByName(
        "bucket", "s3", "head_bucket", {"Bucket": "{bucket}"}, ("404", "NoSuchBucket", "NotFound")
    ),
    "aws:iam/role:Role": ByName("name", "iam", "get_role", {"RoleName": "{name}"}, ("NoSuchEntity",)),
    "aws:iam/instanceProfile:InstanceProfile": ByName(
        "name", "iam", "get_instance_profile", {"InstanceProfileName": "{name}"}, ("NoSuchEntity",)
    ),
    "aws:iam/policy:Policy": ByName(
        "name", "iam", "list_policies", {"Scope": "Local"}, (), "Policies", "PolicyName", "Arn"
    ),
    "aws:cloudwatch/logGroup:LogGroup": ByName(
        "name", "logs", "describe_log_groups", {"logGroupNamePrefix": "{name}"}, (), "logGroups", "logGroupName"
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ByName(
        "name", "cloudwatch", "describe_alarms", {"AlarmNames": ["{name}"]}, (), "MetricAlarms", "AlarmName"
    ),
    "aws:cloudwatch/dashboard:Dashboard": ByName(
        "dashboardName",
        "cloudwatch",
        "get_dashboard",
        {"DashboardName": "{dashboardName}"},
        ("ResourceNotFound", "DashboardNotFoundError"),
    ),
    "aws:dynamodb/table:Table": ByName(
        "name", "dynamodb", "describe_table", {"TableName": "{name}"}, ("ResourceNotFoundException",)
    ),
    "aws:lambda/function:Function": ByName(
        "name", "lambda", "get_function", {"FunctionName": "{name}"}, ("ResourceNotFoundException",)
    ),
    "aws:sqs/queue:Queue": ByName(
        "name",
        "sqs",
        "get_queue_url",
        {"QueueName": "{name}"},
        ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"),
        id_member="QueueUrl",
    ),
    "aws:kms/alias:Alias": ByName("name", "kms", "list_aliases", {}, (), "Aliases", "AliasName"),
    "aws:secretsmanager/secret:Secret": ByName(
        "name",
        "secretsmanager",
        "describe_secret",
        {"SecretId": "{name}"},
        ("ResourceNotFoundException",),
        id_member="ARN",
        states={"DeletedDate": ()},
    ),
    "aws:ssm/parameter:Parameter": ByName("name", "ssm", "get_parameter", {"Name": "{name}"}, ("ParameterNotFound",)),
    "aws:efs/fileSystem:FileSystem": ByName(
        "creationToken",
        "efs",
        "describe_file_systems",
        {"CreationToken": "{creationToken}"},
        ("FileSystemNotFound",),
        "FileSystems",
        "CreationToken",
        "FileSystemId",
        {"LifeCycleState": ("deleting", "deleted")},
    ),
    "aws:backup/vault:Vault": ByName(
        "name",
        "backup",
        "list_backup_vaults",
        {},
        (),
        "BackupVaultList",
        "BackupVaultName",
    ),
    "aws:cloudtrail/trail:Trail": ByName("name", "cloudtrail", "list_trails", {}, (), "Trails", "Name", "TrailARN"),
    "aws:ecr/repository:Repository": ByName(
        "name", "ecr", "describe_repositories", {"repositoryNames": ["{name}"]}, ("RepositoryNotFoundException",)
    ),
    "aws:ecs/cluster:Cluster": ByName(
        "name",
        "ecs",
        "describe_clusters",
        {"clusters": ["{name}"]},
        ("ClusterNotFoundException",),
        "clusters",
        "clusterName",
        "clusterArn",
        {"status": ("INACTIVE", "DEPROVISIONING")},
    ),
    "aws:eks/cluster:Cluster": ByName(
        "name", "eks", "describe_cluster", {"name": "{name}"}, ("ResourceNotFoundException",)
    ),
    "aws:rds/cluster:Cluster": ByName(
        "clusterIdentifier",
        "rds",
        "describe_db_clusters",
        {"DBClusterIdentifier": "{clusterIdentifier}"},
        ("DBClusterNotFoundFault", "DBClusterNotFound"),
    ),
    "aws:rds/subnetGroup:SubnetGroup": ByName(
        "name",
        "rds",
        "describe_db_subnet_groups",
        {"DBSubnetGroupName": "{name}"},
        ("DBSubnetGroupNotFoundFault", "DBSubnetGroupNotFound"),
    ),
    "aws:rds/parameterGroup:ParameterGroup": ByName(
        "name",
        "rds",
        "describe_db_parameter_groups",
        {"DBParameterGroupName": "{name}"},
        ("DBParameterGroupNotFound", "DBParameterGroupNotFoundFault"),
    ),
    "aws:rds/clusterParameterGroup:ClusterParameterGroup": ByName(
        "name",
        "rds",
        "describe_db_cluster_parameter_groups",
        {"DBClusterParameterGroupName": "{name}"},
        ("DBParameterGroupNotFound", "DBClusterParameterGroupNotFound"),
    ),
    "aws:rds/clusterInstance:ClusterInstance": ByName(
        "identifier",
        "rds",
        "describe_db_instances",
        {"DBInstanceIdentifier": "{identifier}"},
        ("DBInstanceNotFound", "DBInstanceNotFoundFault"),
    ),
    "aws:rds/instance:Instance": ByName(
        "identifier",
        "rds",
        "describe_db_instances",
        {"DBInstanceIdentifier": "{identifier}"},
        ("DBInstanceNotFound", "DBInstanceNotFoundFault"),
        "DBInstances",
        "DBInstanceIdentifier",
        "DbiResourceId",
    ),
    "aws:codebuild/project:Project": ByName(
        "name", "codebuild", "batch_get_projects", {"names": ["{name}"]}, (), "projects", "name", "arn"
    ),
    "aws:lb/loadBalancer:LoadBalancer": ByName(
        "name",
        "elbv2",
        "describe_load_balancers",
        {"Names": ["{name}"]},
        ("LoadBalancerNotFound",),
        "LoadBalancers",
        "LoadBalancerName",
        "LoadBalancerArn",
    ),
    "aws:lb/targetGroup:TargetGroup": ByName(
        "name",
        "elbv2",
        "describe_target_groups",
        {"Names": ["{name}"]},
        ("TargetGroupNotFound",),
        "TargetGroups",
        "TargetGroupName",
        "TargetGroupArn",
    ),
    "aws:autoscaling/group:Group": ByName(
        "name",
        "autoscaling",
        "describe_auto_scaling_groups",
        {"AutoScalingGroupNames": ["{name}"]},
        (),
        "AutoScalingGroups",
        "AutoScalingGroupName",
    ),
    "aws:ec2/launchTemplate:LaunchTemplate": ByName(
        "name",
        "ec2",
        "describe_launch_templates",
        {"LaunchTemplateNames": ["{name}"]},
        ("InvalidLaunchTemplateName.NotFoundException",),
        "LaunchTemplates",
        "LaunchTemplateName",
        "LaunchTemplateId",
    ),
    "aws:ec2/securityGroup:SecurityGroup": ByName(
        "name",
        "ec2",
        "describe_security_groups",
        {
            "Filters": [
                {"Name": "group-name", "Values": ["{name}"]},
                {"Name": "vpc-id", "Values": ["{vpcId}"]},
            ]
        },
        (),
        "SecurityGroups",
        "GroupName",
        "GroupId",
    ),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": ByName(
        "subnetId",
        "ec2",
        "describe_route_tables",
        {"Filters": [{"Name": "association.subnet-id", "Values": ["{subnetId}"]}]},
        (),
        "RouteTables[].Associations[]",
        "SubnetId",
        "RouteTableAssociationId",
    ),
    "aws:efs/mountTarget:MountTarget": ByName(
        "subnetId",
        "efs",
        "describe_mount_targets",
        {"FileSystemId": "{fileSystemId}"},
        (),
        "MountTargets",
        "SubnetId",
        "MountTargetId",
    ),
}

TAGGED_EC2: Mapping[str, str] = {
    "aws:ec2/vpc:Vpc": "vpc-",
    "aws:ec2/subnet:Subnet": "subnet-",
    "aws:ec2/internetGateway:InternetGateway": "igw-",
    "aws:ec2/routeTable:RouteTable": "rtb-",
    "aws:ec2/natGateway:NatGateway": "nat-",
    "aws:ec2/eip:Eip": "eipalloc-",
    "aws:ec2/networkAcl:NetworkAcl": "acl-",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "vpce-",
    "aws:ec2/flowLog:FlowLog": "fl-",
    "aws:ec2/instance:Instance": "i-",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "sgr-",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": "sgr-",
}
"""EC2's kinds with the beginning of their ids, for DescribeTags: EC2 tells of its own tags sooner than the tagging service."""


@dataclass(frozen=True, slots=True)
class Described:
    """How to see whether what has the tags is still there: tags are listed for some time after a deletion.

    ``operation`` of ``service`` takes the id as ``parameter`` (a list where ``items`` is a JMESPath to a list). ``state`` is a
    JMESPath into the item; one of GONE means that it is on its way out.
    """

    operation: str
    parameter: str
    items: str
    state: str = ""
    service: str = "ec2"


GONE = ("deleted", "deleting", "terminated", "shutting-down", "PendingDeletion", "PendingReplicaDeletion")

DESCRIBED: Mapping[str, Described] = {
    "aws:ec2/vpc:Vpc": Described("describe_vpcs", "VpcIds", "Vpcs"),
    "aws:ec2/subnet:Subnet": Described("describe_subnets", "SubnetIds", "Subnets"),
    "aws:ec2/internetGateway:InternetGateway": Described(
        "describe_internet_gateways", "InternetGatewayIds", "InternetGateways"
    ),
    "aws:ec2/routeTable:RouteTable": Described("describe_route_tables", "RouteTableIds", "RouteTables"),
    "aws:ec2/natGateway:NatGateway": Described("describe_nat_gateways", "NatGatewayIds", "NatGateways", "State"),
    "aws:ec2/eip:Eip": Described("describe_addresses", "AllocationIds", "Addresses"),
    "aws:ec2/networkAcl:NetworkAcl": Described("describe_network_acls", "NetworkAclIds", "NetworkAcls"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Described("describe_vpc_endpoints", "VpcEndpointIds", "VpcEndpoints", "State"),
    "aws:ec2/flowLog:FlowLog": Described("describe_flow_logs", "FlowLogIds", "FlowLogs"),
    "aws:ec2/instance:Instance": Described(
        "describe_instances", "InstanceIds", "Reservations[].Instances[]", "State.Name"
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": Described(
        "describe_security_group_rules", "SecurityGroupRuleIds", "SecurityGroupRules"
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": Described(
        "describe_security_group_rules", "SecurityGroupRuleIds", "SecurityGroupRules"
    ),
    "aws:kms/key:Key": Described("describe_key", "KeyId", "[KeyMetadata]", "KeyState", service="kms"),
}
"""The others are taken for there; a resource that is adopted though it is gone is found to be by the refresh that follows."""


@dataclass(frozen=True, slots=True)
class ByTags:
    """A kind for the Resource Groups Tagging API: ``arn`` is what follows the account in its ARNs, up to the id.

    ``id_is_arn`` where Pulumi's id is the whole ARN. ``is_proof``: not to be listed proves that there is none, because the tags
    are part of the creation.
    """

    resource_type: str
    arn: str
    id_is_arn: bool = False
    is_proof: bool = False


TAGGED: Mapping[str, ByTags] = {
    "aws:kms/key:Key": ByTags("kms:key", "key/", is_proof=True),
    "aws:sns/topic:Topic": ByTags("sns", "", id_is_arn=True, is_proof=True),
    "aws:acm/certificate:Certificate": ByTags("acm:certificate", "certificate/", id_is_arn=True, is_proof=True),
    "aws:cognito/userPool:UserPool": ByTags("cognito-idp:userpool", "userpool/"),
    "aws:route53/zone:Zone": ByTags("route53:hostedzone", "hostedzone/"),
    "aws:apigatewayv2/api:Api": ByTags("apigateway", "/apis/"),
    "aws:backup/plan:Plan": ByTags("backup:backup-plan", "backup-plan:"),
    "aws:efs/accessPoint:AccessPoint": ByTags("elasticfilesystem:access-point", "access-point/"),
    "aws:wafv2/webAcl:WebAcl": ByTags("wafv2:regional/webacl", "regional/webacl/"),
}

SETTINGS = frozenset(
    {
        *(
            f"aws:s3/{name}:{name[0].upper()}{name[1:]}"
            for base in (
                "bucketCorsConfiguration",
                "bucketLifecycleConfiguration",
                "bucketLogging",
                "bucketServerSideEncryptionConfiguration",
                "bucketVersioning",
            )
            for name in (base, f"{base}V2")
        ),
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:sqs/queuePolicy:QueuePolicy",
        "aws:sns/topicPolicy:TopicPolicy",
        "aws:secretsmanager/secretPolicy:SecretPolicy",
        "aws:efs/backupPolicy:BackupPolicy",
        "aws:efs/fileSystemPolicy:FileSystemPolicy",
        "aws:wafv2/webAclAssociation:WebAclAssociation",
        "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        "aws:ec2/defaultRouteTable:DefaultRouteTable",
        "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl",
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        "aws:ecr/repositoryPolicy:RepositoryPolicy",
        "aws:acm/certificateValidation:CertificateValidation",
        "aws:appautoscaling/policy:Policy",
        "aws:appautoscaling/scheduledAction:ScheduledAction",
        "aws:appautoscaling/target:Target",
        "aws:autoscaling/policy:Policy",
        "aws:autoscaling/schedule:Schedule",
        "aws:cloudwatch/eventRule:EventRule",
        "aws:cloudwatch/eventTarget:EventTarget",
        "aws:cloudwatch/logMetricFilter:LogMetricFilter",
        "aws:cognito/identityPoolRoleAttachment:IdentityPoolRoleAttachment",
        "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders",
        "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
        "aws:lb/listenerCertificate:ListenerCertificate",
        "aws:lb/targetGroupAttachment:TargetGroupAttachment",
        "aws:secretsmanager/secretRotation:SecretRotation",
    }
)
"""To create one again sets the same once more: there can't be two."""
