"""Words of the command line that several commands take, as Typer declares them."""

from enum import StrEnum
from typing import Annotated

import typer

Services = Annotated[
    list[str] | None,
    typer.Argument(help="Services; none means all", show_default=False, metavar="SERVICES"),
]
Service = Annotated[str, typer.Argument(help="The service", show_default=False, metavar="SERVICE")]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until ready")]
Timeout = Annotated[
    float,
    typer.Option("--timeout", "--wait-timeout", help="Seconds to wait until ready; 0 for ever"),
]
Index = Annotated[
    int | None, typer.Option("--index", help="Which of its pods, from 1", show_default=False)
]


class ListForm(StrEnum):
    """How things are listed."""

    TABLE = "table"
    JSON = "json"
