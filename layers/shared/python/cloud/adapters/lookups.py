"""The port ``Lookups`` on AWS: what ``{{aws.…}}``, ``{{ssm.…}}`` and ``{{secret.…}}`` stand for."""

from __future__ import annotations

from typing import Any

from cloud.adapters.aws_errors import translated
from cloud.adapters.boto import LazyClient
from cloud.domain.errors import ConfigurationError, NotFound
from cloud.domain.secret import Secret
from cloud.settings import Settings

_MISSING = ("ParameterNotFound", "ParameterVersionNotFound", "ResourceNotFoundException")


class AwsLookups:
    """In one region, with the function's own role or one that it assumes (``role_arn``) for an hour.

    Nothing is cached here: the resolution of a run asks for each distinct placeholder once.
    """

    def __init__(self, settings: Settings, *, region: str = "", role_arn: str = "") -> None:
        self._region = region or settings.region
        self._role_arn = role_arn
        self._own_sts = LazyClient("sts", settings, region=self._region)

        def made(service: str) -> LazyClient:
            return LazyClient(service, settings, region=self._region, credentials=self._credentials)

        self._sts, self._ec2, self._ssm, self._secrets = map(made, ("sts", "ec2", "ssm", "secretsmanager"))
        self._assumed: dict[str, str] | None = None

    def aws(self, path: tuple[str, ...]) -> Any:
        match path:
            case ("account", "id"):
                with translated("look up the account"):
                    return self._sts().get_caller_identity()["Account"]
            case ("region",):
                return self._region
            case ("azs",):
                return self._zones()
            case ("vpc", "default"):
                return self._default_vpc()
            case ("ami", *name) if name:
                return self._newest_image(".".join(name))
            case _:
                raise NotFound(
                    f"AWS has no value {'.'.join(path)}.",
                    hint="There are account.id, region, azs, vpc.default and ami.NAME.",
                )

    def ssm(self, name: str) -> Any:
        missing = NotFound(f"There is no parameter {name} in {self._region}.")
        with translated(f"read the parameter {name}", dict.fromkeys(_MISSING, lambda: missing)):
            parameter = self._ssm().get_parameter(Name=name, WithDecryption=True)["Parameter"]
        match parameter["Type"]:
            case "SecureString":
                return Secret(parameter["Value"])
            case "StringList":
                return parameter["Value"].split(",")
            case _:
                return parameter["Value"]

    def secret(self, name: str) -> Any:
        missing = NotFound(f"There is no secret {name} in {self._region}.")
        with translated(f"read the secret {name}", dict.fromkeys(_MISSING, lambda: missing)):
            answer = self._secrets().get_secret_value(SecretId=name)
        if "SecretString" not in answer:
            raise ConfigurationError(f"The secret {name} is binary.", hint="Store text; a placeholder stands for text.")
        return Secret(answer["SecretString"])

    def _zones(self) -> list[str]:
        """Names in order, of zones that are available to every account (no local zones)."""
        with translated("look up the availability zones"):
            answer = self._ec2().describe_availability_zones(
                Filters=[
                    {"Name": "state", "Values": ["available"]},
                    {"Name": "zone-type", "Values": ["availability-zone"]},
                ]
            )
        return sorted(zone["ZoneName"] for zone in answer["AvailabilityZones"])

    def _default_vpc(self) -> str:
        with translated("look up the default VPC"):
            found = self._ec2().describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
        if not found:
            raise NotFound(f"There is no default VPC in {self._region}.")
        return str(found[0]["VpcId"])

    def _newest_image(self, name: str) -> str:
        """The newest image of Amazon or of the account with that name, which may hold ``*``."""
        with translated(f"look up the image {name}"):
            images = self._ec2().describe_images(
                Owners=["self", "amazon"], Filters=[{"Name": "name", "Values": [name]}]
            )["Images"]
        if not images:
            raise NotFound(f"There is no image {name} in {self._region}.", hint="Images of Amazon and of the account.")
        return str(max(images, key=lambda image: (image.get("CreationDate", ""), image["ImageId"]))["ImageId"])

    def _credentials(self) -> dict[str, str]:
        """boto3's arguments; none without a role."""
        if self._role_arn and self._assumed is None:
            with translated(f"assume the role {self._role_arn}"):
                answer = self._own_sts().assume_role(RoleArn=self._role_arn, RoleSessionName="cloud-lookups")
            given = answer["Credentials"]
            self._assumed = {
                "aws_access_key_id": given["AccessKeyId"],
                "aws_secret_access_key": given["SecretAccessKey"],
                "aws_session_token": given["SessionToken"],
            }
        return self._assumed or {}
