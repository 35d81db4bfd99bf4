"""The port ``Vault``: one suite for KMS and for its in-memory sibling."""

from __future__ import annotations

import hashlib

import pytest

from cloud.adapters.kms import MAX_PLAIN_BYTES, KmsVault
from cloud.adapters.memory.vault import MemoryVault
from cloud.domain.errors import AwsError, ConfigurationError, StateError
from cloud.ports.workflow import Vault
from cloud.settings import Settings
from cloud_local.aws.server import EmulatedAws

KEY = "alias/vault-test"
MAC_KEY = "alias/vault-mac-test"


@pytest.fixture(scope="module")
def kms(aws: EmulatedAws, settings: Settings) -> KmsVault:
    client = aws.client("kms")
    key = client.create_key()["KeyMetadata"]["KeyId"]
    client.create_alias(AliasName=KEY, TargetKeyId=key)
    mac_key = client.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]["KeyId"]
    client.create_alias(AliasName=MAC_KEY, TargetKeyId=mac_key)
    return KmsVault(with_keys(settings))


def with_keys(settings: Settings) -> Settings:
    return Settings(region=settings.region, endpoint_url=settings.endpoint_url, kms_key=KEY, mac_key=MAC_KEY)


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


@pytest.mark.parametrize("text", ["", "hunter2", "é", "x" * (2 * MAX_PLAIN_BYTES)])
def test_equal_texts_have_equal_digests_in_a_context_and_no_other(vault: Vault, text: str) -> None:
    digest = vault.mac(text, "D1BRV40")
    assert digest == vault.mac(text, "D1BRV40")
    assert digest not in (vault.mac(f"{text} ", "D1BRV40"), vault.mac(text, "D999999"))


def test_a_digest_says_nothing_of_its_text_to_who_lacks_the_key(vault: Vault) -> None:
    digest = vault.mac("hunter2", "D1BRV40")
    plain = hashlib.sha256(b"hunter2").hexdigest()
    assert len(digest) == len(plain)
    assert digest != plain


def test_another_process_with_the_same_key_makes_the_same_digests(kms: KmsVault, settings: Settings) -> None:
    assert KmsVault(with_keys(settings)).mac("hunter2", "D1BRV40") == kms.mac("hunter2", "D1BRV40")


def test_another_vault_makes_other_digests() -> None:
    assert MemoryVault().mac("hunter2", "D1BRV40") != MemoryVault().mac("hunter2", "D1BRV40")


def test_a_key_that_is_not_there_is_one_clear_error(settings: Settings, aws: EmulatedAws) -> None:
    lost = Settings(region=settings.region, endpoint_url=settings.endpoint_url, mac_key="alias/nowhere")
    with pytest.raises(AwsError, match="derive a key for digests"):
        KmsVault(lost).mac("hunter2", "D1BRV40")
