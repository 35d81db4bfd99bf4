"""Makes one of each kind that the runner can look up, with boto3."""

from __future__ import annotations

import io
import itertools
import json
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

Client = Callable[[str], Any]

_numbers = itertools.count(1)
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


POLICY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}]}
)


def code() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.py", "")
    return buffer.getvalue()


def role(client: Client, name: str) -> str:
    made = client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
    return str(made["Role"]["Arn"])


def subnet(client: Client) -> tuple[str, str]:
    """(VPC, subnet)."""
    vpc = client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    made = client("ec2").create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24", AvailabilityZone="us-east-1a")
    return vpc, made["Subnet"]["SubnetId"]


def subnets(client: Client) -> list[str]:
    vpc, first = subnet(client)
    second = client("ec2").create_subnet(VpcId=vpc, CidrBlock="10.0.2.0/24", AvailabilityZone="us-east-1b")
    return [first, second["Subnet"]["SubnetId"]]


def makes(service: str, operation: str, **arguments: Any) -> Callable[[Client, str], Any]:
    """One call, with the name wherever an argument says NAME."""

    def make(client: Client, name: str) -> Any:
        filled = {
            key: [name] if value == ["NAME"] else name if value == "NAME" else value for key, value in arguments.items()
        }
        return getattr(client(service), operation)(**filled)

    return make


# How boto3 makes one of a kind with a name, and what Pulumi's id of it is, when it isn't the name.
MAKERS: Mapping[str, tuple[Callable[[Client, str], Any], Callable[[Any], str] | None]] = {
    "aws:s3/bucket:Bucket": (makes("s3", "create_bucket", Bucket="NAME"), None),
    "aws:iam/role:Role": (makes("iam", "create_role", RoleName="NAME", AssumeRolePolicyDocument=TRUST), None),
    "aws:iam/instanceProfile:InstanceProfile": (
        makes("iam", "create_instance_profile", InstanceProfileName="NAME"),
        None,
    ),
    "aws:iam/policy:Policy": (
        makes("iam", "create_policy", PolicyName="NAME", PolicyDocument=POLICY),
        lambda made: made["Policy"]["Arn"],
    ),
    "aws:cloudwatch/logGroup:LogGroup": (makes("logs", "create_log_group", logGroupName="NAME"), None),
    "aws:cloudwatch/metricAlarm:MetricAlarm": (
        makes(
            "cloudwatch",
            "put_metric_alarm",
            AlarmName="NAME",
            ComparisonOperator="GreaterThanThreshold",
            EvaluationPeriods=1,
            MetricName="Errors",
            Namespace="Shop",
            Period=60,
            Threshold=1.0,
            Statistic="Sum",
        ),
        None,
    ),
    "aws:cloudwatch/dashboard:Dashboard": (
        makes("cloudwatch", "put_dashboard", DashboardName="NAME", DashboardBody="{}"),
        None,
    ),
    "aws:dynamodb/table:Table": (
        makes(
            "dynamodb",
            "create_table",
            TableName="NAME",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        ),
        None,
    ),
    "aws:lambda/function:Function": (
        lambda client, name: client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.12",
            Role=role(client, f"{name}-role"),
            Handler="index.handler",
            Code={"ZipFile": code()},
        ),
        None,
    ),
    "aws:sqs/queue:Queue": (makes("sqs", "create_queue", QueueName="NAME"), lambda made: made["QueueUrl"]),
    "aws:kms/alias:Alias": (
        lambda client, name: client("kms").create_alias(
            AliasName=name, TargetKeyId=client("kms").create_key()["KeyMetadata"]["KeyId"]
        ),
        None,
    ),
    "aws:secretsmanager/secret:Secret": (
        makes("secretsmanager", "create_secret", Name="NAME"),
        lambda made: made["ARN"],
    ),
    "aws:ssm/parameter:Parameter": (makes("ssm", "put_parameter", Name="NAME", Value="v", Type="String"), None),
    "aws:efs/fileSystem:FileSystem": (
        makes("efs", "create_file_system", CreationToken="NAME"),
        lambda made: made["FileSystemId"],
    ),
    "aws:backup/vault:Vault": (makes("backup", "create_backup_vault", BackupVaultName="NAME"), None),
    "aws:cloudtrail/trail:Trail": (
        lambda client, name: (
            client("s3").create_bucket(Bucket=f"{name}-logs"),
            client("cloudtrail").create_trail(Name=name, S3BucketName=f"{name}-logs"),
        )[1],
        lambda made: made["TrailARN"],
    ),
    "aws:ecr/repository:Repository": (makes("ecr", "create_repository", repositoryName="NAME"), None),
    "aws:ecs/cluster:Cluster": (
        makes("ecs", "create_cluster", clusterName="NAME"),
        lambda made: made["cluster"]["clusterArn"],
    ),
    "aws:eks/cluster:Cluster": (
        lambda client, name: client("eks").create_cluster(
            name=name, roleArn=role(client, f"{name}-role"), resourcesVpcConfig={"subnetIds": subnets(client)}
        ),
        None,
    ),
    "aws:rds/cluster:Cluster": (
        makes(
            "rds",
            "create_db_cluster",
            DBClusterIdentifier="NAME",
            Engine="aurora-postgresql",
            MasterUsername="root",
            MasterUserPassword="of-this-test",
        ),
        None,
    ),
    "aws:rds/subnetGroup:SubnetGroup": (
        lambda client, name: client("rds").create_db_subnet_group(
            DBSubnetGroupName=name, DBSubnetGroupDescription="d", SubnetIds=subnets(client)
        ),
        None,
    ),
    "aws:lb/loadBalancer:LoadBalancer": (
        lambda client, name: client("elbv2").create_load_balancer(Name=name, Subnets=subnets(client)),
        lambda made: made["LoadBalancers"][0]["LoadBalancerArn"],
    ),
    "aws:lb/targetGroup:TargetGroup": (
        lambda client, name: client("elbv2").create_target_group(
            Name=name, Protocol="HTTP", Port=80, VpcId=subnet(client)[0]
        ),
        lambda made: made["TargetGroups"][0]["TargetGroupArn"],
    ),
    "aws:autoscaling/group:Group": (
        lambda client, name: (
            client("autoscaling").create_launch_configuration(
                LaunchConfigurationName=f"{name}-lc", ImageId="ami-12c6146b", InstanceType="t3.micro"
            ),
            client("autoscaling").create_auto_scaling_group(
                AutoScalingGroupName=name,
                LaunchConfigurationName=f"{name}-lc",
                MinSize=0,
                MaxSize=1,
                AvailabilityZones=["us-east-1a"],
            ),
        ),
        None,
    ),
    "aws:ec2/launchTemplate:LaunchTemplate": (
        makes(
            "ec2", "create_launch_template", LaunchTemplateName="NAME", LaunchTemplateData={"InstanceType": "t3.micro"}
        ),
        lambda made: made["LaunchTemplate"]["LaunchTemplateId"],
    ),
}


def ec2_tags(resource_type: str, tags: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"ResourceType": resource_type, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}]


def tagged_eip(client: Client, tags: Mapping[str, str]) -> str:
    made = client("ec2").allocate_address(Domain="vpc", TagSpecifications=ec2_tags("elastic-ip", tags))
    return str(made["AllocationId"])


def tagged_vpc(client: Client, tags: Mapping[str, str]) -> str:
    made = client("ec2").create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=ec2_tags("vpc", tags))
    return str(made["Vpc"]["VpcId"])


def tagged_gateway(client: Client, tags: Mapping[str, str]) -> str:
    made = client("ec2").create_internet_gateway(TagSpecifications=ec2_tags("internet-gateway", tags))
    return str(made["InternetGateway"]["InternetGatewayId"])


def tagged_key(client: Client, tags: Mapping[str, str]) -> str:
    listed = [{"TagKey": key, "TagValue": value} for key, value in tags.items()]
    return str(client("kms").create_key(Tags=listed)["KeyMetadata"]["KeyId"])


def tagged_topic(client: Client, tags: Mapping[str, str]) -> str:
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    return str(client("sns").create_topic(Name=f"it{next(_numbers)}", Tags=listed)["TopicArn"])


TAGGERS: Mapping[str, Callable[[Client, Mapping[str, str]], str]] = {
    "aws:ec2/eip:Eip": tagged_eip,
    "aws:ec2/vpc:Vpc": tagged_vpc,
    "aws:ec2/internetGateway:InternetGateway": tagged_gateway,
    "aws:kms/key:Key": tagged_key,
    "aws:sns/topic:Topic": tagged_topic,
}
