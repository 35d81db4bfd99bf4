"""What a build does, as CodeBuild's build specification."""

from __future__ import annotations

import json
import shlex
from typing import Any

from src.configuration import ImageConfig

DEFAULT_DOCKERFILE = r"""FROM public.ecr.aws/docker/library/busybox:stable
RUN mkdir /www && echo ok > /www/index.html
USER 65534:65534
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
"""
"""Without a source and commands of its own a build still gives an image that answers on port 8080."""


def build_spec(settings: ImageConfig) -> str:
    """The specification as JSON, which is YAML too. ``REPOSITORY_URL`` and ``IMAGE_TAG`` come with the project's environment.

    CodeBuild runs the commands of all phases in one shell, those after the build also when the build has failed.
    """
    context, dockerfile = shlex.quote(settings.context), shlex.quote(settings.dockerfile)
    before = list(settings.before)
    if settings.source.type == "none" and not before:
        before = [f"printf %s {shlex.quote(DEFAULT_DOCKERFILE)} > {dockerfile}"]
    spec: dict[str, Any] = {
        "version": 0.2,
        "phases": {
            "pre_build": {
                "commands": [
                    'aws ecr get-login-password | docker login --username AWS --password-stdin "${REPOSITORY_URL%%/*}"',
                    *before,
                ]
            },
            "build": {
                "commands": [
                    # A tag means one image for ever: every build has a tag of its own.
                    'BUILD_TAG="build-$CODEBUILD_BUILD_NUMBER"',
                    f'docker build --tag "$REPOSITORY_URL:$BUILD_TAG" --file {dockerfile} {context}',
                ]
            },
            "post_build": {
                "commands": [
                    'test "$CODEBUILD_BUILD_SUCCEEDING" = 1',
                    'docker push "$REPOSITORY_URL:$BUILD_TAG"',
                    TAG_IF_FREE,
                ]
            },
        },
    }
    return json.dumps(spec, indent=1)


TAG_IF_FREE = " ".join(
    (
        'FOUND="$(aws ecr batch-get-image --repository-name "${REPOSITORY_URL#*/}" --image-ids "imageTag=$IMAGE_TAG"',
        '--query "failures[0].failureCode" --output text)";',
        'if [ "$FOUND" = ImageNotFound ]; then',
        'docker tag "$REPOSITORY_URL:$BUILD_TAG" "$REPOSITORY_URL:$IMAGE_TAG" && docker push "$REPOSITORY_URL:$IMAGE_TAG";',
        'else echo "The tag $IMAGE_TAG is taken; this image has the tag $BUILD_TAG only."; fi',
    )
)
"""The configured tag goes to the first build that finds it free; a push over a tag would fail, after all the work."""
