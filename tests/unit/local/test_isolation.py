from __future__ import annotations

import os

import pytest

from cloud_local.isolation import isolated


def test_nothing_of_the_callers_aws_is_left() -> None:
    found = isolated({"AWS_PROFILE": "prod", "AWS_SESSION_TOKEN": "x", "AWS_ENDPOINT_URL_S3": "y", "PATH": "/bin"})

    assert found["AWS_PROFILE"] is found["AWS_SESSION_TOKEN"] is found["AWS_ENDPOINT_URL_S3"] is None
    assert found["AWS_CONFIG_FILE"] == found["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert "PATH" not in found


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "127.0.0.1,localhost"),
        ({"NO_PROXY": "corp.example, 10.0.0.1"}, "corp.example,10.0.0.1,127.0.0.1,localhost"),
        ({"NO_PROXY": "a", "no_proxy": "b,localhost"}, "b,localhost,a,127.0.0.1"),
        ({"no_proxy": "*"}, "*"),
    ],
)
def test_loopback_is_excepted_from_proxies_and_what_was_stays(environ: dict[str, str], expected: str) -> None:
    found = isolated(environ)

    assert found["NO_PROXY"] == found["no_proxy"] == expected
