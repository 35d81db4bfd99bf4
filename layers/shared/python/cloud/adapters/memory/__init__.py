"""The in-memory siblings of every port, shipped: for tests, benchmarks and programs that embed the use cases.

They pass the same contract suites as the adapters on AWS: same errors, versions, order, paging; what they give and take
are copies. Nothing outlives the process.
"""
