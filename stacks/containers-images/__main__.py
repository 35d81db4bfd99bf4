"""The containers-images stack: reads the configuration, builds the components, exports the outputs."""

from src.configuration import ContainersImagesConfig
from src.pipeline import Pipeline, PipelineArgs
from src.signing import create_signing_profile

from cloud_stack import context, export_outputs, load, reference

settings = load(ContainersImagesConfig)
here = context()
registry = reference("services-ecr")
kms_key_arn = settings.kms_key_arn or reference("security")["kmsKeyArn"]


def of_repository(given, output, name):  # type: ignore[no-untyped-def]
    """What is configured for a repository, else what services-ecr exports for it."""
    return given[name] if given else registry[output][name]


pipelines = {
    name: Pipeline(
        name,
        PipelineArgs(
            context=here,
            repository_url=of_repository(settings.repository_urls, "repositoryUrls", image.repository),
            repository_arn=of_repository(settings.repository_arns, "repositoryArns", image.repository),
            kms_key_arn=kms_key_arn,
            logs_kms_key_arn=settings.logs_kms_key_arn,
            settings=image,
        ),
    )
    for name, image in settings.images.items()
}
if settings.signing.enabled:
    create_signing_profile(here, settings.signing)

export_outputs(
    {
        "projectNames": {name: pipeline.project_name for name, pipeline in pipelines.items()},
        "imageUris": {name: pipeline.image_uri for name, pipeline in pipelines.items()},
    }
)
