"""Who may call the gateway: loopback callers that are no web pages, and that show the token or sign as our functions do.

The token stands in for Cognito's ID token, and holding it for the authoriser's verdict: there is one, and its holder says who
it is. ``@connections`` is signed with Signature Version 4, as API Gateway demands; the signature is checked for real, with a
secret key that this instance made and gave to its functions only.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from cloud_local.gateway.lambda_events import Identity

USER_HEADER = "x-cloud-user"
MAX_USER_LENGTH = 128
MAX_CLOCK_SKEW = timedelta(minutes=5)
"""How old a signature may be (AWS's signing documentation)."""

_LOOPBACK_HOST = re.compile(r"(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?", re.IGNORECASE)
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/\s,]+)/(?P<date>\d{8})/(?P<region>[a-z0-9-]+)/execute-api/aws4_request, "
    r"SignedHeaders=(?P<headers>[a-z0-9;-]+), Signature=(?P<signature>[0-9a-f]{64})"
)


def is_ours(headers: Mapping[str, str]) -> bool:
    """Whether a request comes from a program on this machine, as far as it can be told.

    A web page reaches loopback by a name of its own that resolves here (DNS rebinding: Host tells), or across origins
    (browsers send Origin, or Sec-Fetch-Site with what needs no CORS). Our clients send neither.
    """
    if _LOOPBACK_HOST.fullmatch(headers.get("host", "")) is None:
        return False
    return "origin" not in headers and headers.get("sec-fetch-site", "none") == "none"


@dataclass(frozen=True, slots=True)
class Access:
    """What this instance lets in. Raises ValueError for an empty ``token`` or ``secret_key``: they would let in everybody."""

    token: str = field(repr=False)
    access_key: str = "local"
    secret_key: str = field(default="", repr=False)
    region: str = "us-east-1"

    def __post_init__(self) -> None:
        if not self.token or not self.secret_key:
            raise ValueError("The gateway needs a token and a secret key.")

    def identify(self, authorization: str, user: str) -> Identity | None:
        """The caller behind a bearer token, who may say its name; None for anybody else."""
        scheme, _, rest = authorization.partition(" ")
        given = rest if scheme.lower() == "bearer" else authorization
        if not hmac.compare_digest(given.strip().encode(), self.token.encode()):
            return None
        if len(user) > MAX_USER_LENGTH or not user.isprintable():
            return None
        return Identity(user or "local")

    def without_secrets(self, pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Header or query pairs for an event, less those that hold credentials: functions log their events."""
        return [(name, value) for name, value in pairs if name != "authorization" and self.token not in value]

    def signature_problem(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, now: datetime | None = None
    ) -> tuple[str, str] | None:
        """Why a request to ``@connections`` isn't one of our functions': (API Gateway's error type, message). Else None."""
        authorization = headers.get("authorization", "")
        if not authorization:
            return "MissingAuthenticationTokenException", "Missing Authentication Token"
        given = _AUTHORIZATION.fullmatch(authorization)
        if given is None:
            return "IncompleteSignatureException", "The Authorization header is no signature for execute-api."
        if given["key"] != self.access_key or given["region"] != self.region:
            return "UnrecognizedClientException", "The security token included in the request is invalid."
        if not _is_fresh(headers.get("x-amz-date", ""), given["date"], now or datetime.now(UTC)):
            return "InvalidSignatureException", "Signature expired."
        if not hmac.compare_digest(
            self._signature(method, target, headers, body, given["headers"]), given["signature"]
        ):
            return (
                "InvalidSignatureException",
                "The request signature we calculated does not match the signature you provided.",
            )
        return None

    def _signature(self, method: str, target: str, headers: Mapping[str, str], body: bytes, signed: str) -> str:
        names = signed.split(";")
        if "host" not in names or "x-amz-date" not in names:
            return ""
        declared = headers.get("x-amz-content-sha256")
        if declared is not None and declared != hashlib.sha256(body).hexdigest():
            return ""
        request = AWSRequest(
            method,
            f"http://{headers['host']}{target}",
            {name: headers[name] for name in names if name in headers},
            body,
        )
        request.context["timestamp"] = headers["x-amz-date"]
        signer = SigV4Auth(Credentials(self.access_key, self.secret_key), "execute-api", self.region)
        signature: str = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
        return signature


def _is_fresh(stamp: str, date: str, now: datetime) -> bool:
    try:
        signed_at = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return False
    return stamp.startswith(date) and abs(now - signed_at) <= MAX_CLOCK_SKEW
