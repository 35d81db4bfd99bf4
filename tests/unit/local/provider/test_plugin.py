"""The provider over gRPC, as an engine starts it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from cloud_local.provider.__main__ import serve
from cloud_local.provider.values import to_struct


@pytest.fixture(scope="module")
def stub() -> Iterator[Any]:
    server, port = serve("")
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield provider_pb2_grpc.ResourceProviderStub(channel)
    server.stop(grace=None).wait()


def test_the_plugin_tells_the_version_of_the_sdk_it_serves(stub: Any) -> None:
    assert stub.GetPluginInfo(empty_pb2.Empty()).version.startswith("7.")


def test_the_handshake_and_the_configuration_promise_the_same(stub: Any) -> None:
    shaken = stub.Handshake(provider_pb2.ProviderHandshakeRequest(engine_address=""))
    arguments = to_struct({"region": "eu-west-1", "accessKey": "a", "secretKey": "b"})
    configured = stub.Configure(provider_pb2.ConfigureRequest(args=arguments))
    assert shaken.accept_secrets is configured.acceptSecrets is True
    assert shaken.accept_outputs is configured.acceptOutputs is True
    assert configured.supportsPreview


def test_an_unknown_type_reaches_the_engine_as_a_status_that_names_it(stub: Any) -> None:
    arguments = to_struct({"region": "eu-west-1", "accessKey": "a", "secretKey": "b"})
    stub.Configure(provider_pb2.ConfigureRequest(args=arguments))
    with pytest.raises(grpc.RpcError) as raised:
        stub.Check(provider_pb2.CheckRequest(urn="urn:pulumi:dev::shop::aws:quantum/computer:Computer::it"))
    assert raised.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert "aws:quantum/computer:Computer" in raised.value.details()


def test_what_the_provider_does_not_serve_is_unimplemented(stub: Any) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        stub.Construct(provider_pb2.ConstructRequest())
    assert raised.value.code() == grpc.StatusCode.UNIMPLEMENTED
