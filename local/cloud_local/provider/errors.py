"""The errors of the provider.

ProviderError                  a gRPC error: `code()`, `details()`, `trailing_metadata()`
├── UnknownType                a resource type or function this provider doesn't know
├── AwsFailure                 AWS refused an operation
└── PartialFailure             the resource exists, but not all of it could be applied; carries id and state

They are `grpc.RpcError`s, so that an engine that calls the provider in its own process catches what a remote caller
would receive; over gRPC the servicer turns them into a status with the same code, details and metadata.
"""

from __future__ import annotations

import grpc
from botocore.exceptions import BotoCoreError, ClientError
from google.protobuf import any_pb2, struct_pb2
from pulumi.runtime.proto import provider_pb2, status_pb2

STATUS_DETAILS = "grpc-status-details-bin"
"""The trailing metadata in which gRPC carries a rich `google.rpc.Status`."""


class ProviderError(grpc.RpcError):  # type: ignore[misc]  # grpc ships no types
    """A failed call, as a gRPC client sees it."""

    status = grpc.StatusCode.UNKNOWN

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def code(self) -> grpc.StatusCode:
        """The gRPC status of the failure."""
        return self.status

    def details(self) -> str:
        """The message a person reads."""
        return self.message

    def trailing_metadata(self) -> tuple[tuple[str, bytes], ...]:
        """What travels beside the message."""
        return ()


class UnknownType(ProviderError):
    """The program asks for a type that no row of the table describes."""

    status = grpc.StatusCode.UNIMPLEMENTED


class AwsFailure(ProviderError):
    """AWS refused; the message names the verb, the resource, the operation, the code and the reason.

    Its form is pulumi-aws's: `creating S3 Bucket (logs): operation error S3: CreateBucket, AccessDenied: …`.
    """

    def __init__(
        self, doing: str, cause: ClientError | BotoCoreError, service_id: str = "", operation: str = ""
    ) -> None:
        if isinstance(cause, ClientError):
            error = cause.response.get("Error", {})
            self.error_code = str(error.get("Code", ""))
            reason = f"{self.error_code}: {error.get('Message', '')}"
            http_status = cause.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
            if http_status:
                reason = f"https response error StatusCode: {http_status}, {reason}"
            operation = cause.operation_name
        else:
            self.error_code = type(cause).__name__
            reason = f"{self.error_code}: {cause}"
        place = f"operation error {service_id}: {operation}, " if operation else ""
        super().__init__(f"{doing}: {place}{reason}")


class PartialFailure(ProviderError):
    """A creation or update that stopped half-way: the engine must keep the resource, with what is known of it."""

    def __init__(
        self,
        message: str,
        identifier: str,
        properties: struct_pb2.Struct,
        inputs: struct_pb2.Struct,
        reasons: list[str],
    ) -> None:
        super().__init__(message)
        self.detail = provider_pb2.ErrorResourceInitFailed(
            id=identifier, properties=properties, inputs=inputs, reasons=reasons
        )

    def trailing_metadata(self) -> tuple[tuple[str, bytes], ...]:
        """The `ErrorResourceInitFailed` by which the engine learns id and state (parseError in provider_plugin.go)."""
        packed = any_pb2.Any()
        packed.Pack(self.detail)
        status = status_pb2.Status(code=self.status.value[0], message=self.message, details=[packed])
        return ((STATUS_DETAILS, status.SerializeToString()),)


def reason_of(error: Exception) -> str:
    """The message of any error, for a list of reasons."""
    return error.details() if isinstance(error, ProviderError) else str(error)
