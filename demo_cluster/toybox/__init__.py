"""A toy Unix inside each container: processes, a file system, a shell. Nothing reaches the host."""
