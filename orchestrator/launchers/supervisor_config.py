"""supervisord's configuration for a set of services. It holds no secret, and no path but the wrapper's.

Paths are relative to the folder `run` of the state directory, where the daemon runs: supervisor's file format would
take " #" or " ;" in an absolute one for a comment.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from pathlib import Path

from orchestrator.launchers import run_file
from orchestrator.services.spec import Spec

RUN = "run"
LOGS = "logs"
SOCKET = "supervisor.sock"
PID_FILE = "supervisord.pid"
CONFIG = "supervisord.conf"
DAEMON_LOG = "supervisord.log"

DAEMON = """\
[supervisord]
nodaemon=false
umask=077
minfds=256
minprocs=16
pidfile={pid_file}
logfile=../{logs}/{log}
logfile_maxbytes=1MB
logfile_backups=1
childlogdir=.

[unix_http_server]
file={socket}
chmod=0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
"""

# A child that dies within startsecs is tried again after 1, 2, 3, … seconds, startretries times, then left alone.
PROGRAM = """\

[program:{name}]
command={command}
priority={level}
autostart=false
autorestart=true
startsecs=1
startretries=5
stopsignal={stop_signal}
stopwaitsecs={stop_seconds}
killasgroup=true
redirect_stderr=true
stdout_logfile=../{logs}/{name}.log
stdout_logfile_maxbytes=5MB
stdout_logfile_backups=2
"""


def text(specs: Sequence[Spec], *, socket: str) -> str:
    """The configuration. A service's priority is its level: what it needs has a lower one, and stops later."""
    level = levels(specs)
    daemon = DAEMON.format(pid_file=PID_FILE, logs=LOGS, log=DAEMON_LOG, socket=socket.replace("%", "%%"))
    return daemon + "".join(_program(spec, level[spec.name]) for spec in specs)


def levels(specs: Sequence[Spec]) -> dict[str, int]:
    """How many others must be up before each: 1 for a service that needs none. `specs` come in an order of start."""
    level: dict[str, int] = {}
    for spec in specs:
        level[spec.name] = 1 + max((level.get(need, 0) for need in spec.needs), default=0)
    return level


def log_path(state: Path, name: str) -> Path:
    return state / LOGS / f"{name}.log"


def run_path(state: Path, name: str) -> Path:
    return state / RUN / f"{name}.run"


def pid_path(state: Path, name: str) -> Path:
    return state / RUN / f"{name}.pid"


def _program(spec: Spec, level: int) -> str:
    return PROGRAM.format(
        name=spec.name,
        command=_escaped(run_file.command(Path(f"{spec.name}.run"))),
        level=level,
        stop_signal=spec.child.stop_signal,
        stop_seconds=math.ceil(spec.child.stop_seconds),
        logs=LOGS,
    )


def _escaped(words: Sequence[str]) -> str:
    """A command line for supervisor's parser, which expands % and takes " ;" and " #" for the start of a comment."""
    line = shlex.join(words).replace("%", "%%")
    # Inside the single quotes of shlex: end them, quote the character, begin them again.
    return line.replace(" ;", """ '";"'""").replace(" #", """ '"#"'""")
