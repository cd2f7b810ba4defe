"""up, down and reset: what starts and stops when, and what is undone when something fails."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.aws.failures import Denied
from orchestrator.errors import writing
from orchestrator.launchers import ports
from orchestrator.launchers.images import Pulled
from orchestrator.services.spec import Spec
from orchestrator.stack import apply as project
from orchestrator.stack import record as records
from orchestrator.stack.accounts import Accounts, accounts_of
from orchestrator.stack.machine import plan_here, require_free
from orchestrator.stack.plan import NO_FRONTS, Layout, Plan
from orchestrator.stack.record import Record, fingerprint
from orchestrator.stack.runners import Runners
from orchestrator.stack.tunnel import release_left
from orchestrator.stack.verify import Check, verify


@dataclass(frozen=True)
class Event:
    """Progress: what came how far (`ready`, `unchanged`, `2 applied`), and the seconds it took."""

    what: str
    outcome: str
    seconds: float


Report = Callable[[Event | Pulled], None]


def up(
    layout: Layout,
    environ: Mapping[str, str],
    report: Report,
    *,
    check: bool,
    fronts: Mapping[str, int] = NO_FRONTS,
) -> bool:
    """Brings the stack to what settings and project say; False if it was so already.

    Raises StackError when it can't be. If nothing ran before, nothing runs after a failure or an interruption.
    """
    with (
        writing(layout.state),
        at_work(layout),
        contextlib.ExitStack() as holding,
        contextlib.ExitStack() as undo,
        side_by_side() as pool,
    ):
        record = records.read(layout.record)
        runners = Runners(layout, environ)
        alive = runners.children.alive()
        plan = plan_here(layout, environ, record, running=alive, fronts=fronts)
        holding.enter_context(ports.held(plan.ports.values()))
        for what, notice in plan.notices:
            report(Event(what, notice, 0))
        if not alive:
            runners.children.close()  # What a killed supervisor left behind may still hold a port.
            undo.callback(runners.close)
        stale = stale_services(plan, runners, record)
        # Making a client of AWS takes as long as starting a service.
        accounts = pool.submit(accounts_of, plan) if check and stale else None
        if record and stale:
            # Should this fail, nobody may take what then runs for what ran before.
            records.write(layout.record, record.without(spec.name for spec in stale))
        prepare(plan, stale, runners, report)
        start(plan, stale, runners, pool, report, last=False)
        started = Record.of(plan, applied=record.applied if record else "")
        records.write(layout.record, started)
        files = project.fingerprint(layout.root)
        did = apply(plan, layout.root, report, anyway=bool(stale) or record is None or record.applied != files)
        records.write(layout.record, replace(started, applied=files))
        undo.callback(runners.stop, [spec for spec in stale if spec.last])
        start(plan, stale, runners, pool, report, last=True)
        if accounts:
            prove(accounts.result(), plan, report)
        undo.pop_all()
    return bool(stale) or did


@contextlib.contextmanager
def at_work(layout: Layout) -> Iterator[None]:
    """The state folder is there, and no other command changes it."""
    records.make_state(layout)
    with records.locked(layout.lock):
        yield


@contextlib.contextmanager
def side_by_side() -> Iterator[ThreadPoolExecutor]:
    """Threads for what can be done at the same time; a failure does not wait for the others."""
    pool = ThreadPoolExecutor()
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def stale_services(plan: Plan, runners: Runners, record: Record | None) -> tuple[Spec, ...]:
    """The services that are not running, or not as planned."""
    states = runners.states(plan.backend) if record and record.backend == plan.backend else {}
    running = {name for name, service in states.items() if service.state == "running"}
    known = record.fingerprints if record else {}
    return tuple(spec for spec in plan.specs if spec.name not in running or known.get(spec.name) != fingerprint(spec))


def prepare(plan: Plan, stale: Sequence[Spec], runners: Runners, report: Report) -> None:
    """Stops these services, and makes sure that they can be started."""
    for spec in stale:
        runners.check(spec)
    if stale:
        runners.prepare(plan.specs, report)
    runners.stop(stale)
    for spec in stale:
        for variable, port in spec.ports.items():
            require_free(spec.name, variable, port)
    if stale or runners.superfluous(plan.specs):
        runners.open(plan.specs)


def start(
    plan: Plan, stale: Sequence[Spec], runners: Runners, pool: ThreadPoolExecutor, report: Report, *, last: bool
) -> None:
    """Starts those of the services whose time it is, side by side where one does not need the other, and waits until
    all are ready.
    """
    futures: dict[str, Future[None]] = {}
    for spec in plan.specs:
        if spec.last != last:
            continue
        needs = [futures[name] for name in spec.needs if name in futures]
        futures[spec.name] = pool.submit(start_one, runners, spec, needs, plan.wait_seconds, spec in stale, report)
    done, _ = wait(futures.values(), return_when=FIRST_EXCEPTION)
    for future in done:
        future.result()


def start_one(
    runners: Runners, spec: Spec, needs: list[Future[None]], seconds: float, stale: bool, report: Report
) -> None:
    for need in needs:
        need.result()
    begin = time.monotonic()
    if stale:
        runners.start(spec)
    runners.wait_ready(spec, begin + seconds)
    report(Event(spec.name, "ready" if stale else "unchanged", time.monotonic() - begin))


def apply(plan: Plan, root: Path, report: Report, *, anyway: bool) -> bool:
    """Migrations and metadata, `anyway` or where a migration was taken back since; False if there was nothing to do."""
    if not anyway and not project.lacks_migration(root, plan.urls.hasura, plan.admin_secret):
        report(Event("project", "unchanged", 0))
        return False
    for step in project.apply_project(root, plan.urls.hasura, plan.admin_secret):
        report(Event(step.what, step.outcome, step.seconds))
    return True


def prove(accounts: Accounts, plan: Plan, report: Report) -> None:
    def show(check: Check) -> None:
        report(Event("verify", check.what, check.seconds))

    try:
        verify(accounts, plan.urls.graphql, plan.admin_secret, show, synced=plan.synced)
    except Denied as error:  # Not everybody who may sign in to a pool may make users of it.
        report(Event("verify", f"not done: {error.message}", 0))


def down(layout: Layout, environ: Mapping[str, str]) -> bool:
    """Stops everything, the data stays; False if nothing was running.

    Raises StackError, with everything stopped, where a tunnel stays registered.
    """
    if not layout.state.is_dir():
        return False
    with records.locked(layout.lock):
        ran = Runners(layout).close()
        release_left(layout, environ)
        return ran


def reset(layout: Layout, environ: Mapping[str, str]) -> None:
    """Stops everything and deletes the stack's folder, and the containers with their data.

    Raises StackError if there are some and no engine answers, or where a tunnel stays registered.
    """
    if not layout.state.is_dir():
        return
    with records.locked(layout.lock):
        runners = Runners(layout)
        runners.containers.states()  # Raises where no engine answers, while everything still runs.
        runners.close()
        release_left(layout, environ)
        runners.containers.remove()
        for path in layout.state.iterdir():
            if path != layout.lock:
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    shutil.rmtree(layout.state)
