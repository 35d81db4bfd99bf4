"""The importable core of the control plane: a Lambda layer as it stands.

``__version__`` is the one platform version: distribution, API, stacks and records carry it. ``DISTRIBUTION`` is what pip calls
it; the command line, the control plane and the kit of stack programs are in it.
"""

__version__ = "0.7.0"
DISTRIBUTION = "cloud-control-plane"
