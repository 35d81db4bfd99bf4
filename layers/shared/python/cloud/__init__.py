"""The importable core of the control plane: a Lambda layer as it stands.

``__version__`` is the one platform version: distribution, API, stacks and records carry it.
"""

__version__ = "0.7.0"
