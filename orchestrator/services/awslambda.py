"""The Lambda emulator with the functions of the template."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestrator.services.spec import Child, HttpReady, Spec

ACCOUNT = "000000000000"


def awslambda(
    functions: Sequence[Mapping[str, Any]], *, region: str, url: str, host: str, port: int, state: Path, logs: Path
) -> Spec:
    """`functions` have name, handler, runtime, code (a folder), environment, timeout (seconds) and memory (MB)."""
    config = state / "lambda.json"
    return Spec(
        name="lambda",
        run=Child(
            argv=(sys.executable, "-m", "orchestrator.awslambda", "--config", str(config)),
            cwd=state,
            files={
                config: json.dumps(
                    {
                        "region": region,
                        "account": ACCOUNT,
                        "host": host,
                        "port": port,
                        "logs": str(logs),
                        "functions": list(functions),
                    },
                    indent=1,
                )
            },
        ),
        ports={"LAMBDA_PORT": port},
        ready=HttpReady(f"{url}/_local/health"),
    )
