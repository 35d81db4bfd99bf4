"""The commands, by the groups of the help."""
