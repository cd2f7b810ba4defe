"""What is wrong with a template: found one by one, told all together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.errors import StackError
from orchestrator.project.yaml_tree import Place


@dataclass(frozen=True, order=True)
class Problem:
    """One line of the template that cannot be followed, and the way out."""

    place: Place
    message: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.message} {self.hint}".strip()


class Unfollowed(Exception):
    """Raised where a value cannot be made of the template; it becomes a problem of the list."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def error(problems: Iterable[Problem]) -> StackError:
    """The one error that tells every problem, in the order of the lines."""
    told = sorted(set(problems))
    if len(told) == 1:
        return StackError(f"{told[0].place}: {told[0].message}", told[0].hint)
    lines = "\n".join(f"  {problem}" for problem in told)
    return StackError(f"The template cannot be followed, for {len(told)} reasons:\n{lines}")
