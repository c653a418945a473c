"""The compose front end: from files and variables to the canonical model.

One module is one pass, in the order of the compose specification: parse (``tree``), variables
(``template``, ``interpolate``), ``extends``, ``include``, ``merge``, ``schema``, ``canonical``,
``paths``, ``validate``, ``normalize``, ``decode``. ``read`` runs them.

What a pass does with a key stands with the key: ``service`` and ``compose_file`` list the keys, a
line each, ``keys/`` has a file for each that has rules of its own, ``form`` is what they are said
in.
Nothing here knows Kubernetes.
"""
