"""Notes where the network of this environment is, in this environment's account."""

import pulumi_aws as aws

from cloud_stack import context, export_outputs, reference

here = context()
note = aws.ssm.Parameter("network", name=f"/{here.name('network')}", type="String", value=reference("network")["vpcId"])
account = aws.get_caller_identity().account_id

export_outputs({"parameterName": note.name, "parameterArn": note.arn, "account": account})
