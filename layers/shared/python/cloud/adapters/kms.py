"""The port ``Vault`` on KMS: direct encryption, bound to the deployment by the encryption context, and keyed digests."""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
from functools import cached_property
from typing import Any

from cloud.adapters.aws_errors import translated
from cloud.domain.errors import ConfigurationError, StateError
from cloud.settings import Settings

MAX_PLAIN_BYTES = 4096
"""What KMS encrypts directly."""


def too_long(size: int) -> ConfigurationError:
    """What is said of a secret that doesn't fit."""
    return ConfigurationError(
        f"A secret in the configuration has {size} bytes; at most {MAX_PLAIN_BYTES} fit.",
        hint="Keep it in Secrets Manager and refer to it: {{secret.NAME}}.",
    )


class KmsVault:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._mac_keys: dict[str, bytes] = {}

    @cached_property
    def _client(self) -> Any:
        import boto3

        return boto3.client("kms", region_name=self._settings.region, endpoint_url=self._settings.endpoint_url or None)

    def seal(self, plain: str, context: str) -> str:
        data = plain.encode()
        if len(data) > MAX_PLAIN_BYTES:
            raise too_long(len(data))
        with translated("seal a secret"):
            answer = self._client.encrypt(
                KeyId=self._settings.kms_key, Plaintext=data, EncryptionContext={"deployment": context}
            )
        return base64.b64encode(answer["CiphertextBlob"]).decode()

    def open(self, sealed: str, context: str) -> str:
        try:
            blob = base64.b64decode(sealed, validate=True)
        except ValueError:  # of base64, and of what is no ASCII
            raise StateError("A stored secret is not sealed text.") from None

        def foreign() -> StateError:
            return StateError("A stored secret was not sealed for this deployment, or not with this key.")

        codes = ("InvalidCiphertextException", "IncorrectKeyException", "NotFoundException")
        with translated("open a secret", dict.fromkeys(codes, foreign)):
            answer = self._client.decrypt(CiphertextBlob=blob, EncryptionContext={"deployment": context})
        plain: bytes = answer["Plaintext"]
        return plain.decode()

    def mac(self, text: str, context: str) -> str:
        """KMS is asked once per context: its MAC of the context is the key of the digests made here."""
        with self._lock:
            if context not in self._mac_keys:
                with translated("derive a key for digests"):
                    answer = self._client.generate_mac(
                        KeyId=self._settings.mac_key,
                        MacAlgorithm="HMAC_SHA_256",
                        Message=f"fingerprint:{context}".encode(),
                    )
                self._mac_keys[context] = answer["Mac"]
            key = self._mac_keys[context]
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
