"""The version of stern, in the words of `--version`."""

VERSION = "0.1.0"


def version_text(version: str = VERSION) -> str:
    """What `--version` prints."""
    return f"version: {version}\n"
