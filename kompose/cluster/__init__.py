"""A converted project on a living cluster: make it, watch it, reach it, remove it.

Plain async functions on `kube_client`. Nothing here reads compose files or the command line, and
nothing prints: news goes to a function that the caller gives.
"""
