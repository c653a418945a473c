"""A simulated Kubernetes API server in one process.

Shares no code with the other packages, so that it can disagree with them. Imports nothing here.
"""
