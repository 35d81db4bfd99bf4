"""The code of a function, as an archive."""

from __future__ import annotations

from pathlib import Path

import pulumi

from src.configuration import FunctionConfig


def code_of(purpose: str, settings: FunctionConfig) -> pulumi.Archive:
    """One file for code in the configuration, named after the handler's module; else the folder. Raises ``RunError`` where
    there is no such folder.
    """
    if settings.source is not None:
        module, _, _ = settings.handler.rpartition(".")
        ending = ".py" if settings.runtime.startswith("python") else ".mjs"
        return pulumi.AssetArchive({f"{module}{ending}": pulumi.StringAsset(settings.source)})
    # Relative to the program's folder, where it runs: the state must not name the place that it was unpacked in.
    folder = settings.folder or f"functions/{purpose}"
    if not Path(folder).is_dir():
        raise pulumi.RunError(
            f"the function '{purpose}' has no code: there is no folder '{folder}' in this stack; "
            f"add it, or set functions.{purpose}.source or functions.{purpose}.folder"
        )
    return pulumi.FileArchive(folder)
