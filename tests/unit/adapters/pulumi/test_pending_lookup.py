"""The look-ups, against the emulated AWS: what boto3 has made there is found, what it hasn't is not."""

from __future__ import annotations

import io
import itertools
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from cloud.adapters.pulumi.checkpoint import PendingOperation
from cloud.adapters.pulumi.pending import Decision, Verdict
from cloud.adapters.pulumi.pending_kinds import NAMED, SETTINGS, TAGGED, TAGGED_EC2
from cloud.adapters.pulumi.pending_lookup import AwsLookup
from cloud_local.aws.server import EmulatedAws

_numbers = itertools.count(1)
Client = Callable[[str], Any]
Look = Callable[..., Decision]


@pytest.fixture(scope="module")
def aws() -> Iterator[EmulatedAws]:
    with EmulatedAws() as emulated:
        yield emulated


def creation(kind: str, inputs: Mapping[str, Any], **provider: Any) -> PendingOperation:
    return PendingOperation(
        f"urn:pulumi:dev::shop::{kind}::it",
        "creating",
        kind,
        inputs=inputs,
        provider={"region": "us-east-1", **provider},
    )


def unpaused(seconds: float) -> None:
    raise AssertionError("an emulated AWS doesn't lag")


@pytest.fixture(scope="module")
def look(aws: EmulatedAws) -> Look:
    """The decision about one creation."""
    find = AwsLookup(aws.environment, unpaused)

    def look(kind: str, inputs: Mapping[str, Any], **provider: Any) -> Decision:
        (decision,) = find([creation(kind, inputs, **provider)])
        return decision

    return look


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


@pytest.mark.parametrize("kind", sorted(MAKERS))
def test_a_name_is_absent_until_it_is_there(aws: EmulatedAws, look: Look, kind: str) -> None:
    make, identify = MAKERS[kind]
    name = f"{'alias/' if 'alias' in kind else ''}it{next(_numbers)}-x"
    inputs = {NAMED[kind].name: name}

    make(aws.client, f"{name}-longer")
    assert look(kind, inputs).verdict is Verdict.ABSENT
    made = make(aws.client, name)
    decision = look(kind, inputs)

    assert (decision.verdict, decision.id) == (Verdict.FOUND, identify(made) if identify else name)
    assert name in decision.reason


def test_a_security_group_is_looked_for_in_its_own_network(aws: EmulatedAws, look: Look) -> None:
    here, there = subnet(aws.client)[0], subnet(aws.client)[0]
    ec2 = aws.client("ec2")
    made = ec2.create_security_group(GroupName="web", Description="d", VpcId=here)["GroupId"]
    kind = "aws:ec2/securityGroup:SecurityGroup"

    assert look(kind, {"name": "web", "vpcId": here}).id == made
    assert look(kind, {"name": "web", "vpcId": there}).verdict is Verdict.ABSENT
    unnamed = look(kind, {"name": "web"})
    assert (unnamed.verdict, unnamed.reason) == (Verdict.UNKNOWN, "its inputs hold no vpcId")


def test_what_joins_two_resources_is_found_by_both(aws: EmulatedAws, look: Look) -> None:
    vpc, first = subnet(aws.client)
    ec2, efs = aws.client("ec2"), aws.client("efs")
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    files = efs.create_file_system(CreationToken=f"it{next(_numbers)}")["FileSystemId"]
    association = ("aws:ec2/routeTableAssociation:RouteTableAssociation", {"subnetId": first, "routeTableId": table})
    target = ("aws:efs/mountTarget:MountTarget", {"subnetId": first, "fileSystemId": files})

    assert look(*association).verdict is look(*target).verdict is Verdict.ABSENT
    associated = ec2.associate_route_table(RouteTableId=table, SubnetId=first)["AssociationId"]
    mounted = efs.create_mount_target(FileSystemId=files, SubnetId=first)["MountTargetId"]
    assert (look(*association).id, look(*target).id) == (associated, mounted)


def test_a_secret_that_is_being_deleted_is_there_no_more(aws: EmulatedAws, look: Look) -> None:
    secrets = aws.client("secretsmanager")
    name = f"it{next(_numbers)}"
    secrets.create_secret(Name=name)
    secrets.delete_secret(SecretId=name, RecoveryWindowInDays=7)

    assert look("aws:secretsmanager/secret:Secret", {"name": name}).verdict is Verdict.ABSENT


def test_a_bucket_with_the_tags_of_another_deployment_is_not_taken(aws: EmulatedAws, look: Look) -> None:
    name = f"it{next(_numbers)}-shared"
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=name)
    ours = {"bucket": name, "tagsAll": {"deployment": "D1", "stack": "files"}}
    bucket = "aws:s3/bucket:Bucket"

    assert look(bucket, ours).id == name, "its tags may not have been set yet"
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": "deployment", "Value": "D2"}]})
    decision = look(bucket, ours)
    assert decision.verdict is Verdict.UNKNOWN
    assert "carries the tags of something else" in decision.reason
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": "deployment", "Value": "D1"}]})
    assert look(bucket, ours).id == name


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


@pytest.mark.parametrize("kind", sorted(TAGGERS))
def test_what_has_no_name_is_found_by_exactly_its_tags(aws: EmulatedAws, look: Look, kind: str) -> None:
    make, client = TAGGERS[kind], aws.client
    defaults = {"deployment": f"D{next(_numbers)}", "stack": "network"}
    tags = {**defaults, "Name": "main"}
    # As Pulumi's state has them: the defaults with the provider, in JSON, and the resource's own among its inputs.
    provider = {"defaultTags": json.dumps({"tags": defaults})}
    inputs = {"tags": {"Name": "main"}}

    make(client, {**tags, "deployment": "another"})
    make(client, defaults)
    make(client, {**tags, "more": "tags"})
    assert look(kind, inputs, **provider).verdict is Verdict.ABSENT
    made = make(client, tags)
    decision = look(kind, inputs, **provider)
    assert (decision.verdict, decision.id) == (Verdict.FOUND, made)
    make(client, tags)
    assert look(kind, inputs, **provider).verdict is Verdict.UNKNOWN


def test_without_the_tags_that_say_whose_it_is_nothing_is_decided(look: Look) -> None:
    decision = look("aws:ec2/vpc:Vpc", {"tags": {"Name": "main"}})

    assert decision.verdict is Verdict.UNKNOWN
    assert decision.reason == "it has no tag deployment and stack to look for"


def test_a_kind_that_may_get_its_tags_later_is_never_proved_absent(look: Look) -> None:
    decision = look("aws:cognito/userPool:UserPool", {"tagsAll": {"deployment": "D1", "stack": "s"}})

    assert decision.verdict is Verdict.UNKNOWN
    assert decision.reason == "none has its tags, but its kind may get them later"


def test_a_setting_can_be_set_again_and_an_unlisted_kind_is_not_guessed(look: Look) -> None:
    assert look("aws:s3/bucketVersioning:BucketVersioning", {"bucket": "b"}).verdict is Verdict.ABSENT
    decision = look("gcp:storage/bucket:Bucket", {"name": "b"})
    assert (decision.verdict, decision.reason) == (
        Verdict.UNKNOWN,
        "there is no look-up for gcp:storage/bucket:Bucket",
    )


def test_no_kind_stands_in_two_tables() -> None:
    tables = [set(NAMED), set(TAGGED_EC2), set(TAGGED), set(SETTINGS)]
    assert sum(map(len, tables)) == len(set().union(*tables))


def test_absence_is_believed_at_the_second_look(aws: EmulatedAws) -> None:
    name, pauses = f"it{next(_numbers)}", []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        aws.client("s3").create_bucket(Bucket=f"{name}-late")

    find = AwsLookup(aws.environment, pause, lag_seconds=5.0)
    kind = "aws:s3/bucket:Bucket"
    setting = creation("aws:s3/bucketVersioning:BucketVersioning", {"bucket": name})
    decisions = find([creation(kind, {"bucket": f"{name}-{which}"}) for which in ("late", "never")] + [setting])

    assert [each.verdict for each in decisions] == [Verdict.FOUND, Verdict.ABSENT, Verdict.ABSENT]
    assert pauses == [5.0]
    assert find([setting])[0].verdict is Verdict.ABSENT
    assert pauses == [5.0]


def test_it_asks_with_the_provider_s_own_roles_region_and_endpoints(aws: EmulatedAws, look: Look) -> None:
    sts = {"roleArn": f"arn:aws:iam::{'2' * 12}:role/deployer", "externalId": "shop"}
    provider = {
        "region": "eu-west-1",
        "assumeRoles": json.dumps([sts]),
        "endpoints": json.dumps([{"s3": aws.url, "sts": aws.url, "ec2": aws.url}]),
    }
    name = f"it{next(_numbers)}"
    tags = {"deployment": name, "stack": "network"}
    made = tagged_vpc(aws.client, tags)
    find = AwsLookup({"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}, unpaused)
    vpc = "aws:ec2/vpc:Vpc"

    # Another account, another region; in the resource's own region of the account itself it is.
    assert find([creation(vpc, {"tags": tags}, **provider)])[0].verdict is Verdict.ABSENT
    elsewhere = {**provider, "assumeRoles": "[]"}
    assert find([creation(vpc, {"tags": tags}, **elsewhere)])[0].verdict is Verdict.ABSENT
    assert find([creation(vpc, {"tags": tags, "region": aws.region}, **elsewhere)])[0].id == made


def test_what_can_not_be_asked_is_unknown() -> None:
    refused = "http://127.0.0.1:9"  # the discard service: nobody listens
    find = AwsLookup({"AWS_ENDPOINT_URL": refused, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}, unpaused)

    (decision,) = find([creation("aws:ec2/vpc:Vpc", {"tags": {"deployment": "D", "stack": "s"}})])
    assert decision.verdict is Verdict.UNKNOWN
    assert decision.reason.startswith("AWS could not be reached to look for aws:ec2/vpc:Vpc")
