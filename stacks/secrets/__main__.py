"""The secrets stack: reads the configuration, builds the components, exports the outputs."""

from src.configuration import SecretsConfig
from src.generated_secret import GeneratedSecret, GeneratedSecretArgs
from src.parameters import Parameters, ParametersArgs

from cloud_stack import context, export_outputs, load, reference

settings = load(SecretsConfig)
here = context()
kms_key_arn = settings.kms_key_arn or reference("security")["kmsKeyArn"]

secrets = {
    purpose: GeneratedSecret(
        purpose, GeneratedSecretArgs(context=here, kms_key_arn=kms_key_arn, settings=secret_settings)
    )
    for purpose, secret_settings in settings.secrets.items()
}

parameters = Parameters(
    "parameters",
    ParametersArgs(
        prefix=f"/{here.project}/{here.deployment.lower()}/{here.environment}",
        kms_key_arn=kms_key_arn,
        parameters=settings.parameters,
    ),
)

database = secrets.get("database")
export_outputs(
    {
        "secretArns": {purpose: secret.arn for purpose, secret in secrets.items()},
        "databaseSecretArn": database.arn if database else "",
        "parameterNames": parameters.names,
    }
)
