"""The compose front end: from files and variables to the canonical model.

One module is one pass, in the order of the compose specification: parse (``tree``), variables
(``template``, ``interpolate``), ``extends``, ``include``, ``merge``, ``schema``, ``canonical``,
``paths``, ``validate``, ``normalize``, ``decode``, ``profiles``. ``read`` runs them.
Nothing here knows Kubernetes.
"""
