"""The authtoken of ngrok's: the one that was given to us, or the one that ngrok itself keeps."""

from __future__ import annotations

import os
from pathlib import Path

import yaml

VARIABLE = "NGROK_AUTHTOKEN"
# What ngrok's service says of none.
NONE = "ERR_NGROK_4018: no authtoken"


def take() -> str:
    """The token, empty for none. Its variable is unset, for pyngrok would put it on ngrok's command line."""
    given = os.environ.pop(VARIABLE, "")
    from pyngrok import conf

    return given or kept(Path(conf.DEFAULT_NGROK_CONFIG_PATH))


def kept(path: Path) -> str:
    """What `ngrok config add-authtoken` has written: below `agent` in version 3, at the top in version 2."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        return str(document.get("agent", document).get("authtoken") or "")
    except (OSError, UnicodeDecodeError, yaml.YAMLError, AttributeError):
        return ""
