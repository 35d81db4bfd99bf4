"""The one place where what AWS answers becomes an error of ``cloud.domain.errors``.

botocore's own errors and pynamodb's (which carry botocore's as ``cause``) are both understood. A code that is not listed
becomes a plain AwsError that keeps the service's words: nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    TokenRetrievalError,
)
from botocore.exceptions import (
    ConnectionError as BotoConnectionError,
)

from cloud.domain.errors import (
    AccessDenied,
    AwsError,
    CloudError,
    CredentialsExpired,
    NetworkError,
    QuotaExceeded,
    Throttled,
)

CONDITION_FAILED = "ConditionalCheckFailedException"
TRANSACTION_CANCELED = "TransactionCanceledException"

_THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttling",
        "ThrottlingError",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
_DENIED = frozenset(
    {
        "403",
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "Forbidden",
        "ForbiddenException",
        "UnauthorizedOperation",
    }
)
_EXPIRED = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_QUOTA = frozenset(
    {
        "DataLimitExceeded",
        "EntityTooLarge",
        "ItemCollectionSizeLimitExceededException",
        "LimitExceededException",
        "PayloadTooLargeException",
        "ServiceQuotaExceededException",
    }
)
_UNAVAILABLE = frozenset(
    {"500", "503", "InternalError", "InternalFailure", "InternalServerError", "ServiceUnavailable"}
)


@contextmanager
def translated(action: str, on: Mapping[str, Callable[[], CloudError]] | None = None) -> Iterator[None]:
    """Raise our errors in place of AWS's. ``action`` completes the sentence "AWS could not …" (``read the stack``).

    ``on`` says what a service's code means for this very call (``ConditionalCheckFailedException`` → StaleWrite).
    """
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise _translate(error, action, on or {}) from error
    except CloudError:
        raise
    except Exception as error:
        # pynamodb wraps botocore's error and keeps it as ``cause``; anything else is a defect and stays what it is.
        cause = getattr(error, "cause", None)
        if not isinstance(cause, ClientError | BotoCoreError):
            raise
        raise _translate(cause, action, on or {}) from error


def error_code(error: BaseException) -> str:
    """The service's code of a botocore or pynamodb error, empty when there is none."""
    cause = getattr(error, "cause", None) or error
    return str(cause.response.get("Error", {}).get("Code", "")) if isinstance(cause, ClientError) else ""


def _translate(
    error: ClientError | BotoCoreError, action: str, on: Mapping[str, Callable[[], CloudError]]
) -> CloudError:
    if not isinstance(error, ClientError):
        return _without_answer(error, action)
    code = error_code(error)
    if code == TRANSACTION_CANCELED:
        # The reasons say what the code does not; pynamodb keeps them as objects, None for items without one.
        codes = [reason.code for reason in getattr(error, "cancellation_reasons", ()) if reason is not None]
        code = next((reason for reason in codes if reason in _REASONS), codes[0] if codes else code)
        code = _REASONS.get(code, code)
    if code in on:
        return on[code]()
    message = str(error.response.get("Error", {}).get("Message", "")) or str(error)
    sentence = f"AWS could not {action}: {message} ({code})."
    if code in _THROTTLED:
        return Throttled(sentence, hint="Try again in a moment.")
    if code in _DENIED:
        return AccessDenied(sentence, hint="The role in use lacks this permission.")
    if code in _EXPIRED:
        return CredentialsExpired(sentence, hint="Sign in to AWS again.")
    if code in _QUOTA or (code == "ValidationException" and "size" in message.lower()):
        return QuotaExceeded(sentence)
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) or 0)
    if code in _UNAVAILABLE or status >= 500:
        return NetworkError(sentence, hint="Try again in a moment.")
    return AwsError(sentence)


_REASONS: Mapping[str, str] = {
    "ConditionalCheckFailed": CONDITION_FAILED,
    "ItemCollectionSizeLimitExceeded": "ItemCollectionSizeLimitExceededException",
    "ProvisionedThroughputExceeded": "ProvisionedThroughputExceededException",
    "ThrottlingError": "ThrottlingException",
    "TransactionConflict": "TransactionConflictException",
    "ValidationError": "ValidationException",
}


def _without_answer(error: BotoCoreError, action: str) -> CloudError:
    if isinstance(error, NoCredentialsError | PartialCredentialsError | TokenRetrievalError):
        return CredentialsExpired(
            f"AWS could not {action}: {error}.", hint="Sign in to AWS, or set the credentials of the profile in use."
        )
    if isinstance(error, BotoConnectionError | HTTPClientError):
        return NetworkError(f"AWS could not be reached to {action}: {error}.", hint="Try again in a moment.")
    return AwsError(f"AWS could not {action}: {error}.")
