"""Files that only their owner may read, put in place whole."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_private(path: Path, contents: str) -> None:
    """Puts the file in place whole, mode 0600."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(contents)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
