"""One file per contestant: a table from workload to a function that makes the call to time."""
