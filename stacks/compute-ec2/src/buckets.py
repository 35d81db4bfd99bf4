"""Which bucket of the storage stack is meant by a purpose."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from cloud_stack import Reference


def arn_of(storage: Reference, purpose: str) -> pulumi.Output[str]:
    """The bucket's ARN. Fails the run, naming what there is, where storage has no bucket for the purpose."""

    def choose(arns: Mapping[str, str]) -> str:
        if purpose not in arns:
            raise pulumi.RunError(
                f"bucketAccess names '{purpose}', but storage has {', '.join(sorted(arns)) or 'no buckets'}"
            )
        return arns[purpose]

    return storage["bucketArns"].apply(choose)
