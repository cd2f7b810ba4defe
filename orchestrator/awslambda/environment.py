"""The environment and the libraries that a handler finds: what AWS gives it, and nothing of this machine's own."""

from __future__ import annotations

import importlib.util
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from orchestrator.awslambda.functions import Function, log_group

# AWS's Python runtimes have the runtime client and boto3 with what it needs. Anything else must be in the code folder.
_PROVIDED = (
    "awslambdaric",
    "simplejson",
    "snapshot_restore_py",
    "runtime_client",
    "boto3",
    "botocore",
    "s3transfer",
    "jmespath",
    "dateutil",
    "six",
    "urllib3",
)
_PORTABLE = Path(__file__).parent / "portable"

# `exit` and `quit` come from the site module, which -S leaves out along with this Python's own packages.
_LAUNCH = "import sys, site; site.setquit(); from awslambdaric.__main__ import main; main(sys.argv)"


@dataclass(frozen=True)
class Runtime:
    """The interpreter, and the folder that is /var/runtime on AWS. `portable` is for systems without a C++ client."""

    python: str
    libraries: Path
    portable: bool


def provide_runtime(folder: Path) -> Runtime:
    """Make the libraries' folder: one link for each package that AWS provides."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in _PROVIDED:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            continue
        source = Path(spec.origin).parent if spec.submodule_search_locations else Path(spec.origin)
        link = folder / source.name
        if not link.is_symlink():
            link.symlink_to(source)
    return Runtime(sys.executable, folder, portable=importlib.util.find_spec("runtime_client") is None)


def command(runtime: Runtime, function: Function) -> list[str]:
    """The worker's command line. It leaves no compiled files in the code folder, which is read-only on AWS.

    The function's name is for whoever reads the list of processes.
    """
    return [runtime.python, "-S", "-B", "-X", "utf8", "-c", _LAUNCH, function.handler, function.name]


def environment(runtime: Runtime, function: Function, *, region: str, api: str) -> dict[str, str]:
    """The function's own variables, and those that Lambda sets. `api` is the Runtime API's host and port.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
    """
    paths = [str(function.code), *([str(_PORTABLE)] if runtime.portable else []), str(runtime.libraries)]
    if own := function.environment.get("PYTHONPATH"):
        paths.insert(0, own)
    return {
        "PATH": os.defpath,
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        # Of no use on AWS: a handler must not reach the developer's account by accident.
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_SESSION_TOKEN": "local",
        **function.environment,
        "PYTHONPATH": os.pathsep.join(paths),
        "_HANDLER": function.handler,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": log_group(function.name),
        "AWS_LAMBDA_LOG_STREAM_NAME": "local",
        "AWS_LAMBDA_RUNTIME_API": api,
        "LAMBDA_TASK_ROOT": str(function.code),
        "LAMBDA_RUNTIME_DIR": str(runtime.libraries),
    }
