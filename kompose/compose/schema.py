"""stub"""

from typing import Any


def check_schema(tree: dict[str, Any], file: str) -> None:
    """stub"""
