"""Processes that may end while a test looks at them."""

from __future__ import annotations

import contextlib

import psutil


def command_of(process: psutil.Process) -> str:
    """Nothing for one that has ended meanwhile."""
    with contextlib.suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""
