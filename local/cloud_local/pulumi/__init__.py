"""An emulated Pulumi engine: runs ordinary Pulumi programs locally where no Pulumi CLI is installed.

`install(root)` writes an executable `pulumi` for `PulumiCommand(root=…)`; `ForkServerProcess` makes its commands fast.
"""

from .installation import install

__all__ = ["install"]
