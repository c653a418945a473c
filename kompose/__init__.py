"""A compiler: compose files to a Project to Kubernetes objects to text, or a cluster.

Front end `compose/`, middle `project.py`, back end `manifests/`, text `emit/`. This file imports
nothing.
"""
