"""What can be run in a container: families of programs, and which base has which."""

from __future__ import annotations

from demo_cluster.toybox import (
    files_programs,
    listing_programs,
    network_programs,
    pattern_programs,
    process_programs,
    shell_programs,
    system_programs,
    text_programs,
)
from demo_cluster.toybox.machine import Program

BUSYBOX: dict[str, Program] = {
    **shell_programs.PROGRAMS,
    **files_programs.PROGRAMS,
    **listing_programs.PROGRAMS,
    **text_programs.PROGRAMS,
    **pattern_programs.PROGRAMS,
    **process_programs.PROGRAMS,
    **system_programs.PROGRAMS,
    **network_programs.PROGRAMS,
}
DEBIAN: dict[str, Program] = {
    **BUSYBOX,
    **shell_programs.DEBIAN_PROGRAMS,
    **network_programs.DEBIAN_PROGRAMS,
}
BASES: dict[str, dict[str, Program]] = {"busybox": BUSYBOX, "debian": DEBIAN}
"""By the base of an image; others are as busybox."""
