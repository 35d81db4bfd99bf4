"""Events are read out of a stream's images."""

from __future__ import annotations

import subprocess
import sys

from cloud.adapters.dynamodb.images import event_of
from cloud.domain.events import Event, EventType


def test_an_image_of_an_event_is_the_event() -> None:
    image = {
        "PK": {"S": "DEPLOYMENT#D1"},
        "SK": {"S": "EVENT#O1#0000000007"},
        "type": {"S": "stack.deployed"},
        "deployment_id": {"S": "D1"},
        "environment": {"S": "dev"},
        "operation_id": {"S": "O1"},
        "sequence": {"N": "7"},
        "timestamp": {"S": "2025-01-01T00:00:00.000Z"},
        "data": {"S": '{"stack": "network"}'},
        "ttl": {"N": "1"},
    }
    expected = Event(EventType.STACK_DEPLOYED, "D1", "dev", "O1", 7, "2025-01-01T00:00:00.000Z", {"stack": "network"})
    assert event_of(image) == expected


def test_other_rows_of_the_table_are_no_events() -> None:
    for key in ("COUNTER#O1", "TIMESTAMP#2025#x"):
        assert event_of({"PK": {"S": "DEPLOYMENT#D1"}, "SK": {"S": key}}) is None
    assert event_of({}) is None


def test_reading_images_imports_neither_pynamodb_nor_boto() -> None:
    check = (
        "import sys, cloud.adapters.dynamodb.images; "
        "sys.exit(any(m in sys.modules for m in ('pynamodb', 'botocore', 'boto3')))"
    )
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


def test_the_stores_import_pynamodb_and_leave_boto3_for_later() -> None:
    check = (
        "import sys, cloud.adapters.dynamodb.stores, cloud.adapters.stepfunctions, cloud.adapters.websocket, "
        "cloud.adapters.lookups; sys.exit('boto3' in sys.modules or 'pynamodb' not in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


def test_the_memory_stores_import_neither() -> None:
    check = (
        "import sys, cloud.adapters.memory.stores, cloud.adapters.memory.workflow, cloud.adapters.memory.gateway, "
        "cloud.adapters.memory.lookups; sys.exit('botocore' in sys.modules or 'pynamodb' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
