"""The port ``Vault``: one suite for KMS and for its in-memory sibling."""

from __future__ import annotations

import pytest

from cloud.adapters.kms import MAX_PLAIN_BYTES, KmsVault
from cloud.adapters.memory.vault import MemoryVault
from cloud.domain.errors import ConfigurationError, StateError
from cloud.ports.workflow import Vault
from cloud.settings import Settings
from cloud_local.aws.server import EmulatedAws

KEY = "alias/vault-test"


@pytest.fixture(scope="module")
def kms(aws: EmulatedAws, settings: Settings) -> KmsVault:
    client = aws.client("kms")
    key = client.create_key()["KeyMetadata"]["KeyId"]
    client.create_alias(AliasName=KEY, TargetKeyId=key)
    return KmsVault(Settings(region=settings.region, endpoint_url=settings.endpoint_url, kms_key=KEY))


@pytest.fixture(params=["memory", "aws"])
def vault(request: pytest.FixtureRequest) -> Vault:
    if request.param == "memory":
        return MemoryVault()
    found: Vault = request.getfixturevalue("kms")
    return found


@pytest.mark.parametrize("plain", ["hunter2", "é" * 10, "x" * MAX_PLAIN_BYTES])
def test_what_was_sealed_is_opened_in_its_context(vault: Vault, plain: str) -> None:
    sealed = vault.seal(plain, "D1BRV40")
    assert plain not in sealed
    assert vault.open(sealed, "D1BRV40") == plain


def test_a_seal_of_another_deployment_is_not_opened(vault: Vault) -> None:
    sealed = vault.seal("hunter2", "D1BRV40")
    with pytest.raises(StateError):
        vault.open(sealed, "D999999")


@pytest.mark.parametrize("sealed", ["", "nonsense", "bm9uc2Vuc2U=", "é"])
def test_what_is_no_seal_is_refused(vault: Vault, sealed: str) -> None:
    with pytest.raises(StateError):
        vault.open(sealed, "D1BRV40")


def test_a_secret_that_does_not_fit_is_refused_with_where_to_keep_it(vault: Vault) -> None:

    with pytest.raises(ConfigurationError, match=f"{2 * MAX_PLAIN_BYTES} bytes") as caught:
        vault.seal("é" * MAX_PLAIN_BYTES, "D1BRV40")
    assert "Secrets Manager" in caught.value.hint
