"""What AWS answers becomes one of our errors, and nothing else is swallowed."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)
from pynamodb.exceptions import CancellationReason, PutError, TransactWriteError, VerboseClientError

from cloud.adapters.aws_errors import CONDITION_FAILED, error_code, translated
from cloud.domain.errors import (
    AccessDenied,
    AwsError,
    CloudError,
    CredentialsExpired,
    NetworkError,
    NotFound,
    QuotaExceeded,
    StaleWrite,
    Throttled,
)


def answered(code: str, message: str = "no", status: int = 400) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "PutItem")


def canceled(*codes: str | None) -> TransactWriteError:
    reasons = [CancellationReason(code, "no") if code else None for code in codes]
    error = {"Error": {"Code": "TransactionCanceledException", "Message": "no"}}
    return TransactWriteError(
        "failed", VerboseClientError(error, "TransactWriteItems", {}, cancellation_reasons=reasons)
    )


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (answered("ProvisionedThroughputExceededException"), Throttled),
        (answered("SlowDown", status=503), Throttled),
        (answered("AccessDeniedException"), AccessDenied),
        (answered("403", status=403), AccessDenied),
        (answered("ExpiredToken"), CredentialsExpired),
        (answered("ServiceQuotaExceededException"), QuotaExceeded),
        (answered("ValidationException", "Item size has exceeded the maximum allowed size"), QuotaExceeded),
        (answered("ValidationException", "wrong key"), AwsError),
        (answered("ResourceNotFoundException", "Requested resource not found"), AwsError),
        (answered("InternalServerError", status=500), NetworkError),
        (answered("Unheard", status=502), NetworkError),
        (answered("Unheard"), AwsError),
        (NoCredentialsError(), CredentialsExpired),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), NetworkError),
        (ConnectTimeoutError(endpoint_url="http://127.0.0.1:1"), NetworkError),
        (ReadTimeoutError(endpoint_url="http://127.0.0.1:1"), NetworkError),
        (BotoCoreError(), AwsError),
        (PutError("failed", answered("ThrottlingException")), Throttled),
        (canceled(None, "TransactionConflict"), Throttled),
        (canceled("ThrottlingError"), Throttled),
        (canceled("ProvisionedThroughputExceeded", None), Throttled),
        (canceled("AccessDenied"), AccessDenied),
        (canceled(), AwsError),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else type(value).__name__,
)
def test_an_answer_of_aws_becomes_our_error(error: Exception, expected: type[CloudError]) -> None:
    with pytest.raises(CloudError) as raised, translated("write a row"):
        raise error
    assert type(raised.value) is expected
    assert "write a row" in raised.value.message


def test_a_throttled_call_may_be_repeated_and_a_denied_one_may_not() -> None:
    for code, retryable in (("ThrottlingException", True), ("AccessDenied", False)):
        with pytest.raises(CloudError) as raised, translated("write a row"):
            raise answered(code)
        assert raised.value.retryable is retryable


@pytest.mark.parametrize(
    "error",
    [answered(CONDITION_FAILED), canceled(None, "ConditionalCheckFailed"), PutError("", answered(CONDITION_FAILED))],
)
def test_the_call_says_what_a_code_means(error: Exception) -> None:
    with pytest.raises(StaleWrite), translated("write a row", {CONDITION_FAILED: lambda: StaleWrite("somebody")}):
        raise error


def test_our_own_errors_and_defects_pass_through() -> None:
    for error in (NotFound("gone"), ValueError("a defect"), KeyError("another")):
        with pytest.raises(type(error)) as raised, translated("write a row"):
            raise error
        assert raised.value is error


def test_the_code_is_read_out_of_either_library() -> None:
    assert error_code(answered("Some")) == "Some"
    assert error_code(PutError("", answered("Some"))) == "Some"
    assert error_code(ValueError()) == ""
