"""Cloud Map."""

from __future__ import annotations

from collections.abc import Mapping

from tests.stacks.readback import Reader, told_by

_NAMESPACE = told_by(
    "servicediscovery",
    "get_namespace",
    lambda resource: {"Id": resource["id"]},
    "Namespace",
    ("NamespaceNotFound",),
)

READERS: Mapping[str, Reader] = {
    "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace": _NAMESPACE,
    "aws:servicediscovery/httpNamespace:HttpNamespace": _NAMESPACE,
    "aws:servicediscovery/service:Service": told_by(
        "servicediscovery",
        "get_service",
        lambda resource: {"Id": resource["id"]},
        "Service",
        ("ServiceNotFound",),
    ),
}
