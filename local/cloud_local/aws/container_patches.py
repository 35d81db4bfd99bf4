"""What moto needs to let ECS services and Cloud Map namespaces live as they do in AWS; see moto_patches.py for the rules."""

from __future__ import annotations

from typing import Any

KEPT = (
    *("availabilityZoneRebalancing", "capacityProviderStrategy", "deploymentConfiguration", "enableECSManagedTags"),
    *("enableExecuteCommand", "healthCheckGracePeriodSeconds", "placementConstraints", "placementStrategy"),
    *("serviceConnectConfiguration", "volumeConfigurations", "vpcLatticeConfigurations"),
)


def services_keep_what_they_are_created_with() -> None:
    """moto's CreateService drops what its UpdateService keeps: capacity providers, circuit breaker, grace period and more."""
    from moto.ecs import responses

    original = responses.EC2ContainerServiceResponse.create_service

    def create_service(self: Any) -> Any:
        answer = original(self)
        service: Any = answer.result["service"]
        for member in KEPT:
            value = self._get_param(member)
            if value is not None:
                setattr(service, responses.camelcase_to_underscores(member), value)
        if self._get_param("capacityProviderStrategy"):
            service.launch_type = None  # one excludes the other
        return answer

    responses.EC2ContainerServiceResponse.create_service = create_service


def a_vpc_has_namespaces_of_different_names() -> None:
    """moto refuses a second private namespace of a VPC, whatever its name; AWS one of the same name only."""
    from moto.servicediscovery.exceptions import ConflictingDomainExists
    from moto.servicediscovery.models import ServiceDiscoveryBackend

    original = ServiceDiscoveryBackend.create_private_dns_namespace

    def create_private_dns_namespace(self: Any, *, name: str, vpc: str, **rest: Any) -> str:
        if any((item.vpc, item.name) == (vpc, name) for item in self.namespaces.values()):
            raise ConflictingDomainExists(vpc)
        operation: str = original(self, name=name, vpc=f"{vpc} for {name}", **rest)
        self.namespaces[self.operations[operation].targets["NAMESPACE"]].vpc = vpc
        return operation

    ServiceDiscoveryBackend.create_private_dns_namespace = create_private_dns_namespace


def deleted_namespaces_take_their_zone_along() -> None:
    """moto keeps the hosted zone that it made for a namespace after the namespace is deleted."""
    from moto.route53 import route53_backends
    from moto.servicediscovery.models import ServiceDiscoveryBackend

    original = ServiceDiscoveryBackend.delete_namespace

    def delete_namespace(self: Any, namespace_id: str) -> str:
        zone = self.get_namespace(namespace_id).dns_properties.get("HostedZoneId")
        operation: str = original(self, namespace_id)
        if zone:
            route53_backends[self.account_id][self.partition].delete_hosted_zone(zone)
        return operation

    ServiceDiscoveryBackend.delete_namespace = delete_namespace


ECS_PATCHES = (services_keep_what_they_are_created_with,)
CLOUD_MAP_PATCHES = (a_vpc_has_namespaces_of_different_names, deleted_namespaces_take_their_zone_along)
