"""The services-ecr stack: reads the configuration, builds the components, exports the outputs."""

from src.configuration import ServicesEcrConfig
from src.repository import Repository, RepositoryArgs

from cloud_stack import Limit, context, export_outputs, load, reference

settings = load(ServicesEcrConfig)
here = context()
kms_key_arn = settings.kms_key_arn or reference("security")["kmsKeyArn"]

repositories = {
    name: Repository(
        name,
        RepositoryArgs(
            name=f"{here.name(limit=Limit.REPOSITORY - len(name) - 1)}/{name}",
            kms_key_arn=kms_key_arn,
            settings=repository_settings,
        ),
    )
    for name, repository_settings in settings.repositories.items()
}

export_outputs(
    {
        "repositoryUrls": {name: repository.url for name, repository in repositories.items()},
        "repositoryArns": {name: repository.arn for name, repository in repositories.items()},
    }
)
