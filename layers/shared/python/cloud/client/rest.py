"""The REST client: one method per route, JSON in the shapes of the API, errors of our own tree."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, cast

import httpx

from cloud.client.contexts import Context
from cloud.domain.errors import CloudError, InternalError, NetworkError, NotFound, Problem, error_classes

TIMEOUT_SECONDS = 30.0
Json = dict[str, Any]


class CloudClient:
    """Talks to one control plane. Raises what the server says as the error class of its code, NetworkError without a server.

    ``transport`` is httpx's, for tests. Use it as a context manager, or close it.
    """

    def __init__(self, context: Context, *, transport: httpx.BaseTransport | None = None) -> None:
        self.context = context
        headers = {"Authorization": f"Bearer {context.token}", "Accept": "application/json"}
        if context.user:
            headers["X-Cloud-User"] = context.user
        # trust_env off: a proxy must not see what is meant for this control plane.
        self._http = httpx.Client(
            base_url=context.url,
            headers=headers,
            timeout=TIMEOUT_SECONDS,
            transport=transport,
            trust_env=False,
            verify=_has_certificate(context.url),
        )
        self._uploads: dict[bool, httpx.Client] = {}

    def __enter__(self) -> CloudClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()
        for uploads in self._uploads.values():
            uploads.close()

    # -- deployments

    def health(self) -> Json:
        return self._call("GET", "/health")

    def validate(self, manifest: str) -> Json:
        return self._call("POST", "/validate/manifest", body={"manifest": manifest})

    def init(self, *, org: str, project: str, deployment_id: str = "", template: str = "") -> Json:
        return self._call(
            "POST",
            "/deployments/init",
            body={"org": org, "project": project, "id": deployment_id, "template": template},
        )

    def deployments(self, org: str) -> Iterator[Json]:
        """All of an organisation's deployments, newest first, page by page."""
        return self._pages("/deployments", {"org": org})

    def status(self, deployment_id: str, environment: str = "") -> Json:
        return self._call("GET", f"/deployments/{deployment_id}/status", query={"environment": environment})

    def exists(self, deployment_id: str) -> bool:
        try:
            self.status(deployment_id)
        except NotFound:
            return False
        return True

    def manifest(self, deployment_id: str) -> Json:
        return self._call("GET", f"/deployments/{deployment_id}/manifest")

    def put_manifest(
        self,
        deployment_id: str,
        *,
        manifest: str,
        configs: Mapping[str, str],
        programs: Mapping[str, str],
        if_match: str = "",
    ) -> Json:
        return self._call(
            "PUT",
            f"/deployments/{deployment_id}/manifest",
            body={"manifest": manifest, "configs": dict(configs), "programs": dict(programs)},
            headers={"If-Match": f'"{if_match}"'} if if_match else {},
        )

    def upload_program(self, deployment_id: str, archive: bytes) -> str:
        """Upload a program's zip unless the control plane has it; gives its digest."""
        digest = hashlib.sha256(archive).hexdigest()
        place = self._call("POST", f"/deployments/{deployment_id}/programs", body={"digest": digest})
        if not place["exists"]:
            try:
                self._uploader(place["url"]).put(place["url"], content=archive).raise_for_status()
            except httpx.HTTPError as error:
                raise NetworkError(f"The program {digest[:12]} could not be uploaded: {error}.") from error
        return digest

    def outputs(self, deployment_id: str, environment: str) -> Json:
        return self._call("GET", f"/deployments/{deployment_id}/outputs", query={"environment": environment})

    def stack_outputs(self, deployment_id: str, environment: str, stack: str) -> Json:
        query = {"deployment_id": deployment_id, "environment": environment}
        return self._call("GET", f"/stacks/{stack}/outputs", query=query)

    def stacks(self, deployment_id: str, environment: str = "") -> list[Json]:
        found = self._call("GET", f"/deployments/{deployment_id}/stacks", query={"environment": environment})
        return cast("list[Json]", found["items"])

    def logs(self, deployment_id: str, *, since: str = "", level: str = "", limit: int = 100, cursor: str = "") -> Json:
        return self._call(
            "GET",
            f"/monitoring/deployments/{deployment_id}/logs",
            query={"since": since, "level": level, "limit": str(limit), "cursor": cursor},
        )

    # -- operations

    def plan(self, deployment_id: str, request: Mapping[str, Any]) -> Json:
        return self._call("POST", f"/deployments/{deployment_id}/plan", body=request)

    def deploy(self, deployment_id: str, request: Mapping[str, Any], *, idempotency_key: str = "") -> Json:
        """Start a deploy; gives its operation.

        ``request`` has environment, stacks, only, from, on_failure, max_parallel, strict_layers, force, settings.
        """
        return self._start("POST", f"/deployments/{deployment_id}/deploy", request, idempotency_key)

    def destroy(self, deployment_id: str, request: Mapping[str, Any], *, idempotency_key: str = "") -> Json:
        return self._start("DELETE", f"/deployments/{deployment_id}", request, idempotency_key)

    def preview(self, deployment_id: str, request: Mapping[str, Any], *, idempotency_key: str = "") -> Json:
        """Start a preview of a deploy; gives its operation. ``request`` as for ``deploy``."""
        return self._start("POST", f"/deployments/{deployment_id}/preview", request, idempotency_key)

    def refresh(self, deployment_id: str, request: Mapping[str, Any], *, idempotency_key: str = "") -> Json:
        """Start a refresh: Pulumi's states are brought to what is there; gives its operation."""
        return self._start("POST", f"/deployments/{deployment_id}/refresh", request, idempotency_key)

    def drift(self, deployment_id: str, request: Mapping[str, Any], *, idempotency_key: str = "") -> Json:
        """Start a drift scan: a refresh that only looks; gives its operation."""
        return self._start("POST", f"/deployments/{deployment_id}/drift", request, idempotency_key)

    def retry(self, deployment_id: str, request: Mapping[str, Any], *, idempotency_key: str = "") -> Json:
        """Start what an operation left undone. ``request`` has operation_id or environment, or neither: the latest of all."""
        return self._start("POST", f"/deployments/{deployment_id}/retry", request, idempotency_key)

    def _start(self, method: str, path: str, request: Mapping[str, Any], idempotency_key: str) -> Json:
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return self._call(method, path, body=request, headers=headers)

    def operations(self, deployment_id: str) -> Iterator[Json]:
        """All operations of a deployment, newest first, page by page."""
        return self._pages(f"/deployments/{deployment_id}/operations", {})

    def operation(self, deployment_id: str, operation_id: str) -> Json:
        return self._call("GET", f"/deployments/{deployment_id}/operations/{operation_id}")

    def cancel(self, deployment_id: str, *, operation_id: str = "", environment: str = "", force: bool = False) -> Json:
        """Ask an operation, or the one that runs in an environment, to end; ``force`` kills its running stacks."""
        body = {"operation_id": operation_id, "environment": environment, "force": force}
        return self._call("POST", f"/deployments/{deployment_id}/cancel", body=body)

    def lock(self, deployment_id: str, environment: str) -> Json:
        """Who holds the environment (``owner``, or None), and who waits for it (``queue``)."""
        return self._call("GET", f"/deployments/{deployment_id}/environments/{environment}/lock")

    def release_lock(self, deployment_id: str, environment: str) -> Json:
        """Free an environment whose owner is gone; gives the lock. Raises LockHeld while the owner may live."""
        return self._call("DELETE", f"/deployments/{deployment_id}/environments/{environment}/lock")

    def approve(self, deployment_id: str, operation_id: str) -> Json:
        return self._call("POST", f"/deployments/{deployment_id}/operations/{operation_id}/approve", body={})

    def reject(self, deployment_id: str, operation_id: str) -> Json:
        return self._call("POST", f"/deployments/{deployment_id}/operations/{operation_id}/reject", body={})

    # -- one call

    def _pages(self, path: str, query: Mapping[str, str]) -> Iterator[Json]:
        cursor = ""
        while True:
            page = self._call("GET", path, query={**query, "cursor": cursor})
            yield from page["items"]
            cursor = page["cursor"]
            if not cursor:
                return

    def _uploader(self, url: str) -> httpx.Client:
        """For signed addresses elsewhere: they must get neither our token nor a header that was not signed."""
        verify = _has_certificate(url)
        if verify not in self._uploads:
            self._uploads[verify] = httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False, verify=verify)
        return self._uploads[verify]

    def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Json:
        parameters = {key: value for key, value in (query or {}).items() if value}
        content = None if body is None else json.dumps(dict(body)).encode()
        try:
            answer = self._http.request(
                method,
                path,
                params=parameters,
                content=content,
                headers={"Content-Type": "application/json", **(headers or {})},
            )
        except httpx.HTTPError as error:
            raise NetworkError(
                f"The control plane at {self.context.url} does not answer: {error}.",
                hint="`cloud local status` tells whether local mode runs.",
            ) from error
        if answer.is_success:
            return cast("Json", answer.json())
        raise _error_of(answer)


def _has_certificate(url: str) -> bool:
    """Plain HTTP (local mode) has nothing to verify, and reading the certificates takes longer than a call."""
    return not url.startswith("http://")


def _error_of(answer: httpx.Response) -> CloudError:
    """The error behind a problem body; an answer that is none (a proxy's page) becomes an InternalError with its status."""
    try:
        body = answer.json()
        cls = {item.code: item for item in error_classes()}.get(str(body["code"]), CloudError)
        problems = [Problem(**problem) for problem in body.get("errors", ())]
        ids = {str(key): str(value) for key, value in dict(body.get("ids") or {}).items()}
        error = cls(str(body["detail"]), hint=str(body.get("hint", "")), problems=problems)
        error.ids = ids
        return error
    except (ValueError, KeyError, TypeError, AttributeError):
        return InternalError(f"The control plane answered {answer.status_code} without saying why.")
