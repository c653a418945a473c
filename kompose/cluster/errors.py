"""What a person may have to mend before a project can be run."""

from kompose.errors import KomposeError


class ClusterError(KomposeError):
    """The project could not be made, found or changed on the cluster; the text says what to do."""


class FieldConflictError(ClusterError):
    """Somebody else manages fields that the file sets too."""
