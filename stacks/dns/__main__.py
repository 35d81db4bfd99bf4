"""The dns stack: reads the configuration, builds the components, exports the outputs."""

from src.certificates import Certificate, CertificateArgs
from src.configuration import DnsConfig
from src.zones import Zone, ZoneArgs

from cloud_stack import context, export_outputs, load

settings = load(DnsConfig)
here = context()
domain = settings.domain or f"{here.deployment}.{here.environment}.{here.project}.internal".lower()

zone = Zone("zone", ZoneArgs(domain=domain, records=settings.records, force_destroy=settings.force_destroy))

certificate = None
if settings.certificate.enabled:
    certificate = Certificate(
        "certificate", CertificateArgs(domain=domain, zone_id=zone.id, settings=settings.certificate)
    )

export_outputs(
    {
        "zoneId": zone.id,
        "zoneName": domain,
        "nameServers": zone.name_servers,
        "certificateArn": certificate.arn if certificate else "",
    }
)
