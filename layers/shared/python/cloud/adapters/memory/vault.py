"""The port ``Vault`` in memory: it keeps what it seals, and gives it back only for the same context."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading

from cloud.adapters.kms import MAX_PLAIN_BYTES, too_long
from cloud.domain.errors import StateError


class MemoryVault:
    """What ``seal`` gives says nothing about the value: it is the number under which the value is kept."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[str, str]] = {}
        self._key = secrets.token_bytes(32)

    def seal(self, plain: str, context: str) -> str:
        size = len(plain.encode())
        if size > MAX_PLAIN_BYTES:
            raise too_long(size)
        with self._lock:
            sealed = f"memory:{len(self._kept) + 1}"
            self._kept[sealed] = (plain, context)
        return sealed

    def open(self, sealed: str, context: str) -> str:
        with self._lock:
            plain, owner = self._kept.get(sealed, ("", ""))
        if not owner or owner != context:
            raise StateError("A stored secret was not sealed for this deployment, or not with this key.")
        return plain

    def mac(self, text: str, context: str) -> str:
        key = hmac.new(self._key, context.encode(), hashlib.sha256).digest()
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
