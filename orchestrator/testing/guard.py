"""Takes a test session's stack down should its pytest die: waits for the end of a pipe, which even a kill -9 brings.

`python -m orchestrator.testing.guard PROJECT STATE`, started by the session, with the pipe as standard input.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

DONE = b"d"
SECONDS = 10


@contextlib.contextmanager
def guarded(root: Path, state: Path) -> Iterator[None]:
    """While inside, the stack whose state is there does not outlive this process."""
    command = [sys.executable, "-m", "orchestrator.testing.guard", str(root), str(state)]
    # A session of its own: Ctrl-C in the terminal is for pytest.
    process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
    try:
        yield
    finally:
        # Should it be gone already, there is nobody to be told.
        with contextlib.suppress(OSError):
            process.communicate(DONE, SECONDS)


def main(root: str, state: str) -> None:
    if sys.stdin.buffer.read(1) == DONE:
        return
    from orchestrator.stack import lifecycle
    from orchestrator.stack.plan import Layout

    lifecycle.reset(Layout(Path(root), Path(state)), os.environ)


if __name__ == "__main__":
    main(*sys.argv[1:])
