"""The two launchers as one: processes and containers of a stack, started and stopped by what each service is."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from orchestrator.errors import StackError
from orchestrator.launchers.child import Children, ChildState
from orchestrator.launchers.containers import Containers, ContainerState
from orchestrator.launchers.images import Show
from orchestrator.services.spec import Child, Spec
from orchestrator.stack.plan import Layout


class Runners:
    """Whatever runs of the stack whose state is there."""

    def __init__(self, layout: Layout, environ: Mapping[str, str] = os.environ) -> None:
        self.children = Children(layout.state)
        self.containers = Containers(layout.root, layout.state, environ)

    def states(self, backend: str | None) -> Mapping[str, ChildState | ContainerState]:
        """Every known service by name; containers only where `backend` has them."""
        in_containers = self.containers.states() if backend == "docker" else {}
        return {**self.children.states(), **in_containers}

    def superfluous(self, specs: Sequence[Spec]) -> bool:
        """Whether there are processes of services that are not wanted any more."""
        return bool(set(self.children.states()) - {spec.name for spec in specs})

    def check(self, spec: Spec) -> None:
        if isinstance(spec.run, Child):
            self.children.check(spec)

    def stop(self, specs: Sequence[Spec]) -> None:
        """Stops these services, however they are run now: the backend may have changed."""
        if self.children.alive():
            for spec in specs:
                self.children.stop(spec)
        names = {spec.name for spec in specs}
        self.containers.stop([name for name in self._active_containers() if name in names])

    def _active_containers(self) -> Sequence[str]:
        try:
            return self.containers.active()
        except StackError:
            return ()  # Without an engine that answers no container runs.

    def prepare(self, specs: Sequence[Spec], show: Show) -> None:
        """Has the images that these services need. Raises StackError while what runs still runs."""
        self.containers.open([spec for spec in specs if not isinstance(spec.run, Child)], show)

    def open(self, specs: Sequence[Spec]) -> None:
        self.children.open([spec for spec in specs if isinstance(spec.run, Child)])

    def start(self, spec: Spec) -> None:
        self._of(spec).start(spec)

    def wait_ready(self, spec: Spec, deadline: float) -> None:
        self._of(spec).wait_ready(spec, deadline)

    def close(self) -> bool:
        """Stops everything, what needs others first; False if nothing ran."""
        alive, active = self.children.alive(), self._active_containers()
        try:
            self.containers.stop(active)
        finally:
            self.children.close()
        return alive or bool(active)

    def _of(self, spec: Spec) -> Children | Containers:
        return self.children if isinstance(spec.run, Child) else self.containers
