"""The Lambda functions: one folder each, named by the state or the door that calls it."""
