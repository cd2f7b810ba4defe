"""A stack's services as supervised processes of this machine."""

from __future__ import annotations

import contextlib
import os
import time
import xmlrpc.client
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from orchestrator.errors import StackError, writing
from orchestrator.launchers import (
    daemon,
    data_directory,
    data_template,
    exec_child,
    log_tail,
    processes,
    ready,
    run_file,
)
from orchestrator.launchers import supervisor_config as config
from orchestrator.private_file import write_private
from orchestrator.services import hasura_failures
from orchestrator.services.spec import Spec

HASURA = "hasura"
INHERITED = ("PATH", "HOME", "LANG", "TZ")
POLL_SECONDS = 0.02
STOP_SECONDS = 60.0
SHUTDOWN_SECONDS = 10.0
ORPHAN_SECONDS = 3.0
LEFTOVER_SECONDS = 0.5
START = "Start the stack with `hasura-cognito up`."

State = Literal["running", "stopping", "stopped", "restarting", "failed"]

# `restarting` died and is tried again, `failed` died too often.
STATES: dict[str, State] = {
    "STARTING": "running",
    "RUNNING": "running",
    "STOPPING": "stopping",
    "STOPPED": "stopped",
    "EXITED": "restarting",
    "BACKOFF": "restarting",
    "FATAL": "failed",
    "UNKNOWN": "failed",
}

ENDED = ("STOPPED", "EXITED")

ALREADY_STARTED = 60
NOT_RUNNING = 70
KILLED = -1


@dataclass(frozen=True)
class ChildState:
    """`since` in seconds of Unix time: when it came to this state.

    `exit_status`, -1 for a signal, is known in the moment between an end and the next start.
    """

    state: State
    pid: int | None
    since: float
    exit_status: int | None
    log: Path


class Children:
    """The supervised children under one state directory; any process of the same user may make this object."""

    def __init__(self, state: Path, environ: Mapping[str, str] = os.environ) -> None:
        self._state = state.absolute()
        self._run = self._state / config.RUN
        self._environ = {name: environ[name] for name in INHERITED if name in environ}
        self._cache = data_template.cache_folder(environ)
        self._log_starts: dict[str, int] = {}

    def alive(self) -> bool:
        """Whether the daemon runs and answers."""
        return daemon.answers(self._run)

    def open(self, specs: Sequence[Spec]) -> None:
        """Makes these services known, in an order of start; starts none.

        A child that runs goes on unless its description changed or is gone: then it is stopped. What a killed daemon
        left behind is ended first.
        """
        with writing(self._state):
            if self.alive():
                self._apply(specs)
                return
            self.close()
            for folder in (self._state / config.LOGS, self._run, daemon.socket_path(self._run).parent):
                daemon.make_private_folder(folder)
            self._write(specs)
        daemon.start(self._run, self._environ)

    def check(self, spec: Spec) -> None:
        """Raises StackError when `start` would refuse this service for its data: to be asked before any is stopped."""
        if spec.child.data:
            data_directory.refuse_another_major(spec.child.data)

    def start(self, spec: Spec) -> None:
        """Starts the service without waiting for it; one that runs is left alone."""
        if self._state_now(spec.name).state == "running":
            return
        self._stop(spec.name)
        ready.forget(spec.ready)
        if spec.child.data:
            data_directory.prepare(spec.child.data, cache=self._cache)
        self._start(spec.name)

    def wait_ready(self, spec: Spec, deadline: float) -> None:
        """Returns when the service answers.

        Raises StackError with its last words as soon as it dies, or when `time.monotonic()` passes `deadline`.
        """
        begin = time.monotonic()
        while True:
            answered = ready.answers(spec.ready, seconds=max(0.1, min(2.0, deadline - time.monotonic())))
            # Asked after the question, for somebody else may have answered in place of a child that died.
            state = self._state_now(spec.name)
            if state.state != "running":
                raise self._died(spec.name, state)
            if answered:
                return
            if time.monotonic() > deadline:
                raise self._late(spec.name, time.monotonic() - begin)
            time.sleep(POLL_SECONDS)

    def stop(self, spec: Spec) -> None:
        """Stops the service, gently at first; one that does not run is left alone."""
        if self.alive():
            self._stop(spec.name)

    def restart(self, name: str) -> None:
        """Stops and starts a service that `open` made known, without waiting until it is ready."""
        self._state_now(name)
        self._stop(name)
        self._start(name)

    def states(self) -> Mapping[str, ChildState]:
        """Every known service by name; empty when no daemon runs."""
        try:
            answer = daemon.call(self._run, "getAllProcessInfo")
        except OSError:
            return {}
        return {info["name"]: self._state_of(info) for info in answer}

    def close(self) -> None:
        """Stops everything, what needs others first, and the daemon. Nothing of ours is left when this returns."""
        supervisor = daemon.process(self._run)
        family = processes.with_descendants([supervisor] if supervisor else [])
        if supervisor and self.alive():
            # Whatever goes wrong while asking, what follows does not ask.
            with contextlib.suppress(StackError, xmlrpc.client.Fault):
                self._stop_by_level()
                self._call("shutdown")
                processes.wait_gone([supervisor], SHUTDOWN_SECONDS)
        if supervisor:
            processes.kill(processes.wait_gone([supervisor], 0))
        processes.end(self._orphans(), ORPHAN_SECONDS)
        stuck = processes.kill(processes.wait_gone(family, LEFTOVER_SECONDS))
        if stuck:
            raise StackError(f"Processes do not end: {', '.join(str(process.pid) for process in stuck)}.")
        self._remove_run_files()

    def _orphans(self) -> list[processes.Orphan]:
        found = (processes.started_from(path) for path in self._run.glob("*.pid") if path.name != config.PID_FILE)
        return [orphan for orphan in found if orphan]

    def _remove_run_files(self) -> None:
        socket = daemon.socket_path(self._run)
        socket.unlink(missing_ok=True)
        if socket.parent != self._run:
            with contextlib.suppress(OSError):
                socket.parent.rmdir()
        for path in self._run.glob("*"):
            path.unlink()

    def _stop_by_level(self) -> None:
        level = {info["name"]: info["group_prio"] for info in self._call("getAllConfigInfo")}
        for each in sorted(set(level.values()), reverse=True):
            self._stop(*(name for name in level if level[name] == each))

    def _apply(self, specs: Sequence[Spec]) -> None:
        """Brings a running daemon to these services."""
        wanted = {spec.name: spec for spec in specs}
        for name in self.states():
            if name not in wanted or self._is_changed(wanted[name]):
                self._stop(name)
        self._write(specs)
        ((added, changed, removed),) = self._call("reloadConfig")
        for name in (*removed, *changed):
            self._stop(name)
            self._call("removeProcessGroup", name)
        for name in (*added, *changed):
            self._call("addProcessGroup", name)

    def _write(self, specs: Sequence[Spec]) -> None:
        for spec in specs:
            if not self._is_changed(spec):
                continue
            for path, contents in spec.child.files.items():
                write_private(path, contents)
            write_private(config.run_path(self._state, spec.name), self._run_file(spec).text())
        socket = daemon.socket_path(self._run)
        name = socket.name if socket.parent == self._run else str(socket)
        write_private(self._run / config.CONFIG, config.text(specs, socket=name))

    def _run_file(self, spec: Spec) -> run_file.RunFile:
        pid_file = config.pid_path(self._state, spec.name)
        return run_file.of(spec, inherited=self._environ, pid_file=pid_file)

    def _is_changed(self, spec: Spec) -> bool:
        """Whether its files or its data say something else; the PATH or language of the terminal does not count."""
        if spec.child.data and not data_directory.is_prepared(spec.child.data):
            return True
        try:
            written = exec_child.read(str(config.run_path(self._state, spec.name)))
            files = {path: path.read_text(encoding="utf-8") for path in spec.child.files}
        except (OSError, ValueError):
            return True
        ours = self._run_file(spec).pairs()
        return files != dict(spec.child.files) or _essence(written, spec) != _essence(ours, spec)

    def _start(self, name: str) -> None:
        log = config.log_path(self._state, name)
        self._log_starts[name] = log.stat().st_size if log.exists() else 0
        try:
            self._call("startProcess", name, False)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != ALREADY_STARTED:
                raise StackError(f"{name} cannot start: {fault.faultString}.", f"See {log}.") from fault

    def _stop(self, *names: str) -> None:
        """Stops them side by side, and returns when none runs."""
        deadline = time.monotonic() + STOP_SECONDS
        while active := self._active(names):
            for name, state in active.items():
                if state != "stopping":
                    self._ask_to_stop(name)
            if time.monotonic() > deadline:
                raise StackError(f"{', '.join(active)} did not stop within {STOP_SECONDS:g} s.")
            time.sleep(POLL_SECONDS)

    def _ask_to_stop(self, name: str) -> None:
        try:
            self._call("stopProcess", name, False)
        except xmlrpc.client.Fault as fault:
            # It just died, and supervisord is about to start it again: ask once more.
            if fault.faultCode != NOT_RUNNING:
                raise

    def _active(self, names: Sequence[str]) -> dict[str, State]:
        states = self.states()
        at_rest = ("stopped", "failed")
        return {name: states[name].state for name in names if name in states and states[name].state not in at_rest}

    def _state_now(self, name: str) -> ChildState:
        states = self.states()
        if name not in states:
            raise StackError(f"No supervisord of {self._state} runs a service {name!r}.", START)
        return states[name]

    def _call(self, method: str, *arguments: Any) -> Any:
        try:
            return daemon.call(self._run, method, *arguments)
        except OSError as error:
            raise StackError(f"The supervisord of {self._state} does not answer.", START) from error

    def _state_of(self, info: Mapping[str, Any]) -> ChildState:
        state = STATES.get(info["statename"], "failed")
        return ChildState(
            state=state,
            pid=info["pid"] or None,
            since=float(info["start"] if state == "running" else info["stop"]),
            exit_status=info["exitstatus"] if info["stop"] and info["statename"] in ENDED else None,
            log=config.log_path(self._state, info["name"]),
        )

    def _died(self, name: str, state: ChildState) -> StackError:
        since = self._log_starts.get(name, 0)
        if name == HASURA and (explained := hasura_failures.explain(log_tail.tail(state.log, since=since))):
            return StackError(f"{name} gave up: {explained[0]}", explained[1])
        words = log_tail.last_words(state.log, since=since)
        return StackError(f"{name} {_end(state)}{f': {words}' if words else ' without a word.'}", f"See {state.log}.")

    def _late(self, name: str, seconds: float) -> StackError:
        log = config.log_path(self._state, name)
        words = log_tail.last_words(log, since=self._log_starts.get(name, 0))
        said = f" Its last words: {words}" if words else " It said nothing."
        return StackError(f"{name} was not ready within {seconds:.0f} s.{said}", f"See {log}.")


def _essence(pairs: Sequence[tuple[str, str]], spec: Spec) -> list[tuple[str, str]]:
    """A run file without what it inherited."""
    inherited = tuple(f"{name}=" for name in INHERITED if name not in spec.env)
    return [(key, value) for key, value in pairs if key != "env" or not value.startswith(inherited)]


def _end(state: ChildState) -> str:
    if state.state in ("stopped", "stopping"):
        return "was stopped"
    if state.exit_status is None:  # supervisor forgets the status of what dies within its first second
        return "ended at once"
    return "was killed" if state.exit_status == KILLED else f"ended with status {state.exit_status}"
