"""What a build does, as CodeBuild's build specification."""

from __future__ import annotations

import json
import shlex
from typing import Any

from src.configuration import ImageConfig

DEFAULT_DOCKERFILE = (
    'FROM public.ecr.aws/docker/library/busybox:stable\\nCMD [\\"httpd\\", \\"-f\\", \\"-p\\", \\"8080\\"]\\n'
)
"""Without a source and commands of its own a build still gives an image that answers on port 8080."""


def build_spec(settings: ImageConfig) -> str:
    """The specification as JSON, which is YAML too. The registry's address and the tag come as environment variables."""
    before = list(settings.before)
    if settings.source.type == "none" and not before:
        before = [f'printf "{DEFAULT_DOCKERFILE}" > {shlex.quote(settings.dockerfile)}']
    context, dockerfile = shlex.quote(settings.context), shlex.quote(settings.dockerfile)
    spec: dict[str, Any] = {
        "version": 0.2,
        "phases": {
            "pre_build": {
                "commands": [
                    "set -eu",
                    'aws ecr get-login-password | docker login --username AWS --password-stdin "${REPOSITORY_URL%%/*}"',
                    *before,
                ]
            },
            "build": {
                "commands": [
                    # A tag means one image for ever: each build has a tag of its own, and the configured one if it is free.
                    'BUILD_TAG="build-${CODEBUILD_BUILD_NUMBER}"',
                    f'docker build --tag "$REPOSITORY_URL:$BUILD_TAG" --file {dockerfile} {context}',
                ]
            },
            "post_build": {
                "commands": [
                    'test "$CODEBUILD_BUILD_SUCCEEDING" = 1',
                    'docker push "$REPOSITORY_URL:$BUILD_TAG"',
                    'docker tag "$REPOSITORY_URL:$BUILD_TAG" "$REPOSITORY_URL:$IMAGE_TAG"',
                    'docker push "$REPOSITORY_URL:$IMAGE_TAG" || echo "$IMAGE_TAG is taken; the image is $BUILD_TAG"',
                ]
            },
        },
    }
    return json.dumps(spec, indent=1)
