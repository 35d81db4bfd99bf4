"""The rows: pynamodb models of what stands in the tables. They are not the domain; the repositories map them.

Every kind of row of a table shares the table's keys and index keys (``infra/topology.py`` declares them, and
``tests/contract/test_access_patterns.py`` compares the two). A row that leaves an index key empty is not in that index.
Nested values are JSON text: DynamoDB's maps would turn floats into decimals and refuse what JSON allows.
"""

from __future__ import annotations

from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute, VersionAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model


class Row(Model):
    PK = UnicodeAttribute(hash_key=True)
    SK = UnicodeAttribute(range_key=True)


class ByOrganization(GlobalSecondaryIndex["DeploymentsRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "GSI1"
        projection = AllProjection()

    organization = UnicodeAttribute(hash_key=True)
    created_at = UnicodeAttribute(range_key=True)


class ByStatus(GlobalSecondaryIndex["Row"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "GSI2"
        projection = AllProjection()

    org_status = UnicodeAttribute(hash_key=True)
    updated_at = UnicodeAttribute(range_key=True)


class ByStackName(GlobalSecondaryIndex["StackRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "GSI1"
        projection = AllProjection()

    org_stack = UnicodeAttribute(hash_key=True)
    updated_at = UnicodeAttribute(range_key=True)


class ByLevel(GlobalSecondaryIndex["LogsRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "GSI1"
        projection = AllProjection()

    deployment_level = UnicodeAttribute(hash_key=True)
    timestamp = UnicodeAttribute(range_key=True)


class ByDeployment(GlobalSecondaryIndex["ConnectionsRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "GSI1"
        projection = AllProjection()

    deployment_id = UnicodeAttribute(hash_key=True)
    PK = UnicodeAttribute(range_key=True)


class DeploymentsRow(Row):
    """Any row of the table ``deployments``. ``ttl`` is epoch seconds."""

    organization = UnicodeAttribute(null=True)
    created_at = UnicodeAttribute(null=True)
    org_status = UnicodeAttribute(null=True)
    updated_at = UnicodeAttribute(null=True)
    ttl = NumberAttribute(null=True)
    by_organization = ByOrganization()
    by_status = ByStatus()


class DeploymentRow(DeploymentsRow):
    """``METADATA``."""

    deployment_id = UnicodeAttribute()
    project = UnicodeAttribute()
    description = UnicodeAttribute()
    template = UnicodeAttribute()
    tags = JSONAttribute()
    manifest_version = NumberAttribute()
    version = VersionAttribute()


class EnvironmentRow(DeploymentsRow):
    """``ENV#{environment}``."""

    deployment_id = UnicodeAttribute()
    environment = UnicodeAttribute()
    org = UnicodeAttribute()
    enabled = BooleanAttribute()
    status = UnicodeAttribute()
    account = UnicodeAttribute()
    region = UnicodeAttribute()
    last_operation = UnicodeAttribute()
    version = VersionAttribute()


class RegistrationRow(DeploymentsRow):
    """``REGISTRY#{stack}``."""

    deployment_id = UnicodeAttribute()
    stack = UnicodeAttribute()
    program_digest = UnicodeAttribute()


class KeyRow(DeploymentsRow):
    """``IDEMPOTENCY#request#{key}`` and ``IDEMPOTENCY#start#{key}``: the value that came first."""

    value = UnicodeAttribute()


class OperationRow(DeploymentsRow):
    """``OPERATION#{id}``. In GSI2 (``UNSETTLED``, by time of creation) until it is settled."""

    deployment_id = UnicodeAttribute()
    operation_id = UnicodeAttribute()
    environment = UnicodeAttribute()
    kind = UnicodeAttribute()
    requester = UnicodeAttribute()
    state = UnicodeAttribute()
    manifest_version = NumberAttribute()
    org = UnicodeAttribute()
    project = UnicodeAttribute()
    selection = JSONAttribute()
    options = JSONAttribute()
    execution_arn = UnicodeAttribute()
    plan_digest = UnicodeAttribute()
    started_at = UnicodeAttribute()
    finished_at = UnicodeAttribute()
    cancel_requested = BooleanAttribute()
    cancel_forced = BooleanAttribute()
    retry_of = UnicodeAttribute()
    error = JSONAttribute(null=True)
    settling_since = UnicodeAttribute(default="")
    settled = BooleanAttribute(default=False)
    version = VersionAttribute()


class ScheduleRow(DeploymentsRow):
    """``SCHEDULE#{operation}``."""

    schedule = JSONAttribute()
    version = VersionAttribute()


class TokenRow(DeploymentsRow):
    """``TOKEN#{operation}#{name}``. ``attempt`` fences it: texts that grow with every attempt of the task."""

    name = UnicodeAttribute()
    token = UnicodeAttribute()
    attempt = UnicodeAttribute()


class LockRow(DeploymentsRow):
    """``LOCK#{environment}``. ``owner`` and ``queue`` are tickets."""

    deployment_id = UnicodeAttribute()
    environment = UnicodeAttribute()
    owner = JSONAttribute(null=True)
    queue = JSONAttribute()
    next_ticket = NumberAttribute()
    version = VersionAttribute()


class StackRow(Row):
    """``STACK#{stack}#{environment}``, the only kind of the table ``stacks``."""

    org_stack = UnicodeAttribute()
    org_status = UnicodeAttribute()
    updated_at = UnicodeAttribute()
    deployment_id = UnicodeAttribute()
    stack = UnicodeAttribute()
    environment = UnicodeAttribute()
    org = UnicodeAttribute()
    status = UnicodeAttribute()
    operation_id = UnicodeAttribute()
    attempt = NumberAttribute()
    outputs = JSONAttribute()
    changes = JSONAttribute()
    resource_count = NumberAttribute()
    seconds = JSONAttribute()
    last_seconds = NumberAttribute(default=0)
    program_seconds = NumberAttribute()
    blocked_by = UnicodeAttribute()
    reason = UnicodeAttribute()
    error = JSONAttribute(null=True)
    secrets_provider = JSONAttribute(null=True)
    program_digest = UnicodeAttribute()
    dependencies = JSONAttribute()
    claim = JSONAttribute(null=True)
    report = JSONAttribute(null=True)
    is_recorded = BooleanAttribute()
    fingerprint = JSONAttribute()
    state_etag = UnicodeAttribute()
    succeeded_at = UnicodeAttribute()
    references = JSONAttribute()
    outputs_digest = UnicodeAttribute()
    has_drift = BooleanAttribute()
    version = VersionAttribute()
    by_stack = ByStackName()
    by_status = ByStatus()


class LogsRow(Row):
    """Any row of the table ``logs``."""

    deployment_level = UnicodeAttribute(null=True)
    timestamp = UnicodeAttribute(null=True)
    ttl = NumberAttribute()
    by_level = ByLevel()


class EventRow(LogsRow):
    """``EVENT#{operation}#{sequence:010}``. ``cloud.adapters.dynamodb.images`` reads it in the stream.

    ``batch`` names the transaction that wrote it; it stands on the first event of each.
    """

    type = UnicodeAttribute()
    deployment_id = UnicodeAttribute()
    environment = UnicodeAttribute()
    operation_id = UnicodeAttribute()
    sequence = NumberAttribute()
    data = JSONAttribute()
    batch = UnicodeAttribute(null=True)


class CounterRow(LogsRow):
    """``COUNTER#{operation}``: the last sequence that was given, by which batch, and whether the log is closed by it."""

    last = NumberAttribute()
    closed = BooleanAttribute(null=True)
    batch = UnicodeAttribute()


class LogLineRow(LogsRow):
    """``TIMESTAMP#{iso}#{id}``."""

    deployment_id = UnicodeAttribute()
    environment = UnicodeAttribute()
    level = UnicodeAttribute()
    message = UnicodeAttribute()
    stack = UnicodeAttribute()
    operation_id = UnicodeAttribute()
    line_id = UnicodeAttribute()


class MetricRow(Row):
    """``METRIC#{name}`` / ``TIMESTAMP#{iso}#{ulid}``, the only kind of the table ``metrics``."""

    timestamp = UnicodeAttribute()
    value = NumberAttribute()
    labels = JSONAttribute()
    ttl = NumberAttribute()


class ConnectionsRow(Row):
    """Any row of the table ``websocket-connections``; PK is the connection's id."""

    deployment_id = UnicodeAttribute(null=True)
    ttl = NumberAttribute()
    by_deployment = ByDeployment()


class ConnectionRow(ConnectionsRow):
    """``META``."""

    user_id = UnicodeAttribute()
    org = UnicodeAttribute()
    email = UnicodeAttribute()
    connected_at = UnicodeAttribute()
    last_ping = UnicodeAttribute()


class SubscriptionRow(ConnectionsRow):
    """``SUB#{deployment}``."""
