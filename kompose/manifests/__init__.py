"""The back end: one rule per Kubernetes kind, from a `Project` to objects.

A new kind is one module here and one line in `write.py`. Objects are plain dicts whose
fields stand in the order of the API, so that JSON comes out as the API's own types print it.
"""
