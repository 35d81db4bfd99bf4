"""The passphrase secrets provider, in the CLI's own format.

State: `v1:<salt>:<ciphertext of "pulumi">`; ciphertext: `v1:<nonce>:<AES-256-GCM>`; key: PBKDF2-SHA256, 1,000,000 rounds
(0.3-0.7 s, so it is derived only when a secret is really opened or sealed). All parts are base64.

The CLI makes a salt for every new stack. Here, what one fork server runs takes one salt for one passphrase, or deriving keys
would be the greatest part of deploying new stacks: the key is the same then, and every text is still sealed with a nonce of its
own.
"""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path

from .errors import PulumiError

ROUNDS = 1_000_000
PROVIDER = "passphrase"
Key = bytes

_keys: dict[bytes, Key] = {}
_salts: dict[bytes, str] = {}


def _fingerprint(passphrase: str, salt: str) -> bytes:
    return hashlib.sha256(f"{salt}\0{passphrase}".encode()).digest()


def known_keys() -> dict[bytes, Key]:
    """Keys derived so far in this process, by fingerprint of passphrase and salt; the fork server keeps them warm."""
    return _keys


def known_salts() -> dict[bytes, str]:
    """The salt that new stacks take, by fingerprint of the passphrase; the fork server keeps them too."""
    return _salts


def prepare(passphrase: str) -> None:
    """Derive the key for new stacks of a passphrase ahead of the first."""
    _derive(passphrase, _salt_of(passphrase))


def _salt_of(passphrase: str) -> str:
    return _salts.setdefault(_fingerprint(passphrase, ""), base64.b64encode(os.urandom(8)).decode())


def _derive(passphrase: str, salt: str) -> Key:
    fingerprint = _fingerprint(passphrase, salt)
    if fingerprint not in _keys:
        _keys[fingerprint] = hashlib.pbkdf2_hmac("sha256", passphrase.encode(), base64.b64decode(salt), ROUNDS, 32)
    return _keys[fingerprint]


def read_passphrase(environment: dict[str, str]) -> str:
    """The passphrase as the CLI finds it without a terminal. Raises PulumiError when there is none."""
    if "PULUMI_CONFIG_PASSPHRASE" in environment:
        return environment["PULUMI_CONFIG_PASSPHRASE"]
    if file := environment.get("PULUMI_CONFIG_PASSPHRASE_FILE"):
        try:
            return Path(file).read_text().strip()
        except OSError as error:
            raise PulumiError(f"unable to read PULUMI_CONFIG_PASSPHRASE_FILE: {error}") from error
    raise PulumiError(
        "passphrase must be set with PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE environment variables"
    )


class Crypter:
    """Seals and opens the secrets of one stack."""

    def __init__(self, passphrase: str, state: str) -> None:
        version, _, rest = state.partition(":")
        salt, _, check = rest.partition(":")
        if not check:
            raise PulumiError("malformed state value")
        if version != "v1":
            raise PulumiError("unknown state version")
        self.state = state
        self._passphrase = passphrase
        self._salt = salt
        self._check: str | None = check
        self._sealed: dict[str, str] = {}

    @classmethod
    def create(cls, passphrase: str) -> Crypter:
        """A crypter for a new stack."""
        salt = _salt_of(passphrase)
        check = _seal(_derive(passphrase, salt), "pulumi")
        return cls(passphrase, f"v1:{salt}:{check}")

    def _key(self) -> Key:
        key = _derive(self._passphrase, self._salt)
        if self._check is not None:
            if _open(key, self._check) != "pulumi":
                raise PulumiError("incorrect passphrase")
            self._check = None
        return key

    def verify(self) -> None:
        """Raises PulumiError when the passphrase isn't the one that the stack was made with."""
        self._key()

    def encrypt(self, plaintext: str) -> str:
        """Seal a text; the same text gets the same ciphertext within a run, so that checkpoints don't churn."""
        if plaintext not in self._sealed:
            self._sealed[plaintext] = _seal(self._key(), plaintext)
        return self._sealed[plaintext]

    def decrypt(self, ciphertext: str) -> str:
        """Open a text. Raises PulumiError("incorrect passphrase") when it can't be opened."""
        plaintext = _open(self._key(), ciphertext)
        if plaintext is None:
            raise PulumiError("incorrect passphrase")
        self._sealed.setdefault(plaintext, ciphertext)
        return plaintext


def _seal(key: Key, plaintext: str) -> str:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(12)
    sealed = AESGCM(key).encrypt(nonce, plaintext.encode(), None)
    return f"v1:{base64.b64encode(nonce).decode()}:{base64.b64encode(sealed).decode()}"


def _open(key: Key, ciphertext: str) -> str | None:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    version, _, rest = ciphertext.partition(":")
    nonce, _, sealed = rest.partition(":")
    if version != "v1":
        raise PulumiError("unknown value version")
    try:
        return AESGCM(key).decrypt(base64.b64decode(nonce), base64.b64decode(sealed), None).decode()
    except (InvalidTag, ValueError):
        return None
