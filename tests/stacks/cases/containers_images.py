"""What is tried with the stack containers-images."""

from __future__ import annotations

from tests.stacks.case import Config, Outputs, StackCase


def stand_in(outputs: Outputs) -> Config:
    """services-ecr has the repository ``app`` by default; a second image goes into one beside it."""
    registry = outputs["services-ecr"]
    return {
        "kmsKeyArn": outputs["security"]["kmsKeyArn"],
        "repositoryUrls": with_worker(registry["repositoryUrls"]),
        "repositoryArns": with_worker(registry["repositoryArns"]),
    }


def with_worker(by_repository: dict[str, str]) -> dict[str, str]:
    return {**by_repository, "worker": f"{by_repository['app'].removesuffix('app')}worker"}


REGISTRY = {"repositoryUrls": {"app": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app"}}

CASE = StackCase(
    needs=("security", "services-ecr"),
    stand_in=stand_in,
    production={
        "images": {
            "app": {
                "tag": "1.4.0",
                "source": {"type": "codecommit", "location": "https://git.example.com/v1/repos/app", "version": "main"},
                "architecture": "x86_64",
                "compute": "large",
                "timeout": 60,
                "before": ["make vendor"],
                "logRetentionDays": 365,
                "rebuild": {"schedule": "rate(7 days)", "onBaseImage": "base/python"},
            },
            "worker": {"source": {"type": "s3", "location": "sources/worker.zip"}},
        },
        "signing": {"enabled": True, "validityMonths": 12},
    },
    change={"images": {"app": {"timeout": 90, "logRetentionDays": 30, "rebuild": {"schedule": "rate(1 day)"}}}},
    replace={"signing": {"validityMonths": 24}},
    accepted=(
        {"images": {}},
        {"images": {"a": {"timeout": 5}, "b": {"timeout": 480, "tag": "v1.2.3-rc_1"}}},
        {"images": {"a": {"source": {"type": "github", "location": "https://git.example.com/acme/a.git"}}}},
        {"images": {"a": {"rebuild": {"schedule": "cron(0 5 ? * MON *)"}}}, "signing": {"enabled": True}},
    ),
    refused=(
        ({"images": {"App": {}}}, "p:images.App.[key]: String should match pattern"),
        ({"images": {"a-": {}}}, "p:images.a-.[key]: String should match pattern"),
        (
            {"images": {"a": {}, "b": {"repository": "a"}}},
            "a: pushed to by several images, whose builds' tags would meet",
        ),
        ({"images": {"a": {"timeout": 4}}}, "p:images.a.timeout: Input should be greater than or equal to 5 (got 4)"),
        ({"images": {"a": {"tag": "-x"}}}, "p:images.a.tag: String should match pattern"),
        ({"images": {"a": {"source": {"type": "s3"}}}}, "a location goes with a type other than none"),
        ({"images": {"a": {"source": {"location": "b/c.zip"}}}}, "a location goes with a type other than none"),
        ({"images": {"a": {"context": "../../etc"}}}, "context leads out of the source: ../../etc"),
        ({"images": {"a": {"dockerfile": "/Dockerfile"}}}, "dockerfile leads out of the source: /Dockerfile"),
        ({"images": {"a": {"rebuild": {"schedule": "daily"}}}}, "p:images.a.rebuild.schedule: String should match"),
        (
            {"images": {"a": {"repository": "other"}}, **REGISTRY},
            "repositoryUrls has no other, which images are pushed to",
        ),
        ({"signing": {"validityMonths": 136}}, "p:signing.validityMonths"),
    ),
)
