"""Where a migration failed: Hasura gives PostgreSQL's words without the position, so a trial finds the statement."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import StackError
from orchestrator.project.hasura import Hasura, HasuraError
from orchestrator.project.sql_text import Statement, statements

QUOTED = re.compile(r'"((?:[^"]|"")+)"')
TRIED = re.compile(r"(?P<statement>\d+)\|(?P<message>.*)", re.DOTALL)


@dataclass(frozen=True)
class Failure:
    """PostgreSQL's words (or Hasura's, when it refused itself), and the line they are about if it is known."""

    message: str
    line: int | None = None
    code: str = ""
    detail: str = ""
    hint: str = ""
    rolled_back: bool = True

    def words(self, file: Path) -> tuple[str, str]:
        """The message and the hint of an error about `file`."""
        where = f"{file}:{self.line}" if self.line else str(file)
        said = ". ".join(part.rstrip(".") for part in (self.message, self.detail) if part)
        code = f" ({self.code})" if self.code else ""
        kept = "Nothing of this file was kept" if self.rolled_back else "What came before its own COMMIT stayed"
        return f"{where}: {said}{code}.", f"{self.hint} {kept}: correct it, and go on.".strip()


@dataclass(frozen=True)
class Trial:
    """The first statement that failed when all of them were tried and rolled back; None if none failed."""

    statement: Statement | None
    message: str = ""
    code: str = ""


def locate(hasura: Hasura, source: str, sql: str, error: HasuraError) -> Failure:
    """What failed in `sql`, which `hasura` refused with `error`."""
    said = _postgres(error)
    rolled_back = not any(each.is_transaction_control for each in statements(sql))
    if not said:
        return Failure(str(error.answer.get("error", error.message)), rolled_back=rolled_back)
    message = said.get("message", "")
    statement = _failing(hasura, source, sql, message)
    return Failure(
        message=message,
        line=_line(statement, message) if statement else _only_mention(sql, message),
        code=said.get("status_code", ""),
        detail=said.get("description") or "",
        hint=said.get("hint") or "",
        rolled_back=rolled_back,
    )


def attempt(hasura: Hasura, source: str, sql: str) -> Trial | None:
    """How `sql` would fare now: every statement is run, and all of it rolled back. None if that cannot be told."""
    cut = [each for each in statements(sql) if not each.is_transaction_control]
    try:
        hasura.run_sql(source, _trial_sql([each.text for each in cut]))
    except HasuraError as error:
        said = _postgres(error)
        tried = TRIED.fullmatch(said.get("message", ""))
        if not tried or int(tried["statement"]) > len(cut):
            return None
        number = int(tried["statement"])
        return Trial(cut[number - 1] if number else None, tried["message"], said.get("status_code", ""))
    except StackError:
        return None
    return None


def _trial_sql(texts: list[str]) -> str:
    """A block which raises the number of the first statement that fails, or 0: it never leaves anything behind."""
    everything = "".join(texts)
    free = next(number for number in itertools.count() if f"{number}$" not in everything)
    tag, outer = f"$try{free}$", f"$trial{free}$"
    steps = "\n".join(f"at := {number}; EXECUTE {tag}{text}{tag};" for number, text in enumerate(texts, start=1))
    return f"""DO {outer} DECLARE at int := 0; BEGIN
{steps}
at := 0; RAISE EXCEPTION 'passed';
EXCEPTION WHEN OTHERS THEN RAISE EXCEPTION USING MESSAGE = at || '|' || SQLERRM, ERRCODE = SQLSTATE;
END {outer}"""


def _failing(hasura: Hasura, source: str, sql: str, message: str) -> Statement | None:
    cut = statements(sql)
    if len(cut) == 1:
        return cut[0]
    trial = attempt(hasura, source, sql)
    # Another message means that the trial itself was refused, as for statements which cannot run inside a block.
    return trial.statement if trial and trial.message == message else None


def _line(statement: Statement, message: str) -> int:
    if message.endswith("at end of input"):
        return statement.line + statement.text.count("\n")
    for word in QUOTED.findall(message):
        for candidate in (word, word.rpartition(".")[2]):
            if line := statement.line_of(candidate):
                return line
    return statement.line


def _only_mention(sql: str, message: str) -> int | None:
    """The one line that mentions what the message quotes, for want of a statement."""
    words = QUOTED.findall(message)
    lines = {line for each in statements(sql) for word in words if (line := each.line_of(word))}
    return lines.pop() if len(lines) == 1 else None


def _postgres(error: HasuraError) -> Mapping[str, str]:
    """PostgreSQL's own error inside Hasura's answer, which is a list of one for some commands."""
    internal = error.internal[0] if isinstance(error.internal, list) and error.internal else error.internal
    said = internal.get("error") if isinstance(internal, Mapping) else None
    return said if isinstance(said, Mapping) else {}
