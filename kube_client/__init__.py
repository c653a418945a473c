"""The shared client layer: the cluster, typed, from the wire to the watcher.

Knows Kubernetes, knows no program. Async only. Imports nothing here, so that
`import kube_client.quantity` loads no HTTP.
"""
