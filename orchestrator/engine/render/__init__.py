"""Plan nodes into SQL. Each root field becomes one statement whose answer is JSON text as the client gets it."""

from orchestrator.engine.render.changes import CHECK_FAILED, render_change, render_changed_rows, render_shown_rows
from orchestrator.engine.render.queries import render_query, render_remote, render_stream

__all__ = [
    "CHECK_FAILED",
    "render_change",
    "render_changed_rows",
    "render_query",
    "render_remote",
    "render_shown_rows",
    "render_stream",
]
