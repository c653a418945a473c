"""What the commands on a cluster do: words of the command line in, lines for a person out.

Between the declarations in `kompose.commands` and the library in `kompose.cluster`.
"""
