"""The table of orders."""

from src.configuration import OrdersConfig
from src.table import create_table

from cloud_stack import context, export_outputs, load, reference

settings = load(OrdersConfig)
key = settings.kms_key_arn or reference("security")["kmsKeyArn"]
table = create_table(context().name("orders"), key, settings)

export_outputs({"tableName": table.name, "tableArn": table.arn})
