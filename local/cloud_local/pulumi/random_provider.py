"""The `random` package's commonest resources, so that programs with a password need no plugin."""

from __future__ import annotations

import base64
import secrets
import string
from typing import Any

from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2 as messages

from .diffs import equal
from .errors import OperationFailed, Status
from .values import Properties, from_wire, has_unknown, secret, to_wire

_SPECIAL = "!@#$%&*()-_=+[]{}<>:?"
_CLASSES = {
    "upper": string.ascii_uppercase,
    "lower": string.ascii_lowercase,
    "numeric": string.digits,
    "special": _SPECIAL,
}
_ADJECTIVES = ("bold", "brave", "calm", "eager", "gentle", "happy", "keen", "lucky", "proud", "quiet", "swift", "wise")
_ANIMALS = ("badger", "cod", "crane", "elk", "fox", "heron", "lynx", "mole", "otter", "owl", "seal", "wren")
_TYPES = ("RandomPassword", "RandomString", "RandomId", "RandomPet", "RandomInteger", "RandomUuid")


class RandomProvider:
    """Speaks the provider protocol. Every change of an input makes a new value, as with the real plugin."""

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        return messages.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        return messages.DiffResponse(changes=messages.DiffResponse.DIFF_NONE)

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        return messages.ProviderHandshakeResponse(accept_secrets=True)

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        return messages.ConfigureResponse(acceptSecrets=True)

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        return empty_pb2.Empty()

    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        _kind(request.type)
        return messages.CheckResponse(inputs=request.news)

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        olds, news = from_wire(request.old_inputs), from_wire(request.news)
        changed = sorted(k for k in {*olds, *news} if has_unknown(news.get(k)) or not equal(olds.get(k), news.get(k)))
        if not changed:
            return messages.DiffResponse(changes=messages.DiffResponse.DIFF_NONE)
        return messages.DiffResponse(changes=messages.DiffResponse.DIFF_SOME, replaces=changed, diffs=changed)

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        inputs = from_wire(request.properties)
        identity, outputs = _create(_kind(request.type), inputs)
        return messages.CreateResponse(id=identity, properties=to_wire({**inputs, **outputs}))

    def Read(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        return messages.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        raise OperationFailed(f"unrecognized function name: '{request.tok}'", Status.OK)


def _kind(type_: str) -> str:
    kind = type_.rpartition(":")[2]
    if kind not in _TYPES:
        raise OperationFailed(
            f"the emulated engine has no {type_}; put the real `pulumi-resource-random` on PATH", Status.OK
        )
    return kind


def _create(kind: str, inputs: Properties) -> tuple[str, Properties]:
    if kind in ("RandomPassword", "RandomString"):
        text = _text(inputs)
        if kind == "RandomPassword":
            return "none", {"result": secret(text)}
        return text, {"result": text}
    if kind == "RandomId":
        raw, prefix = secrets.token_bytes(int(inputs["byteLength"])), str(inputs.get("prefix", ""))
        url = base64.urlsafe_b64encode(raw).decode().rstrip("=")
        return url, {
            "b64Url": prefix + url,
            "b64Std": prefix + base64.b64encode(raw).decode(),
            "hex": prefix + raw.hex(),
            "dec": prefix + str(int.from_bytes(raw, "big")),
        }
    if kind == "RandomPet":
        words = [secrets.choice(_ADJECTIVES) for _ in range(int(inputs.get("length", 2)) - 1)]
        separator = str(inputs.get("separator", "-"))
        name = separator.join([*([inputs["prefix"]] if inputs.get("prefix") else []), *words, secrets.choice(_ANIMALS)])
        return name, {"length": inputs.get("length", 2), "separator": separator}
    if kind == "RandomInteger":
        low, high = int(inputs["min"]), int(inputs["max"])
        number = low + secrets.randbelow(high - low + 1)
        return str(number), {"result": number}
    import uuid

    text = str(uuid.uuid4())
    return text, {"result": text}


def _text(inputs: Properties) -> str:
    classes = dict(_CLASSES)
    if inputs.get("overrideSpecial"):
        classes["special"] = str(inputs["overrideSpecial"])
    allowed = {name: chars for name, chars in classes.items() if inputs.get(name, inputs.get("number", True))}
    picked = []
    for name, chars in classes.items():
        minimum = int(inputs.get(f"min{name.capitalize()}") or 0)
        picked += [secrets.choice(chars) for _ in range(minimum)]
    pool = "".join(allowed.values())
    picked += [secrets.choice(pool) for _ in range(int(inputs["length"]) - len(picked))]
    secrets.SystemRandom().shuffle(picked)
    return "".join(picked)
