"""The containers-images stack: reads the configuration, builds the components, exports the outputs."""

from src.configuration import ContainersImagesConfig
from src.pipeline import Pipeline, PipelineArgs
from src.registry import Registry
from src.signing import create_signing_profile

from cloud_stack import context, export_outputs, load, reference

settings = load(ContainersImagesConfig)
here = context()
registry = Registry(settings, reference("services-ecr"))
kms_key_arn = settings.kms_key_arn or reference("security")["kmsKeyArn"]
signing_profile = create_signing_profile(here, settings.signing) if settings.signing.enabled else None

pipelines = {
    name: Pipeline(
        name,
        PipelineArgs(
            context=here,
            repository_url=registry.url(image.repository or name),
            repository_arn=registry.arn(image.repository or name),
            kms_key_arn=kms_key_arn,
            logs_kms_key_arn=settings.logs_kms_key_arn,
            signing_profile_arn=signing_profile.arn if signing_profile else None,
            settings=image,
        ),
    )
    for name, image in settings.images.items()
}

export_outputs(
    {
        "projectNames": {name: pipeline.project_name for name, pipeline in pipelines.items()},
        "imageUris": {name: pipeline.image_uri for name, pipeline in pipelines.items()},
    }
)
