"""Changing variables of a `.env` file and leaving all else in it as it is: comments, order, quotes, line ends, mode."""

from __future__ import annotations

import io
import os
import re
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from dotenv.parser import Binding, parse_stream

from orchestrator.errors import StackError, writing

Changes = Mapping[str, str | None]

# What python-dotenv, Docker Compose and a shell all read as it stands.
PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./-]*")
# What is the same in double quotes for all of them: nothing to escape, nothing to interpolate.
PLAIN_IN_DOUBLE_QUOTES = re.compile(r'[^"\\$`\r\n]*')
ASSIGNMENT = re.compile(
    r"""(?P<before>\s*(?:export[^\S\r\n]+)?(?:'[^']+'|[^=\#\s]+)[^\S\r\n]*=(?:[^\S\r\n]+(?!\#))?)
        (?P<value>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|.*?)
        (?P<after>(?:[^\S\r\n]+\#[^\r\n]*)?[^\S\r\n]*(?:\r\n|\n|\r|$))""",
    re.VERBOSE | re.DOTALL,
)


def change(path: Path, changes: Changes) -> bool:
    """Sets these variables in the file, or takes them out where the value is None; whether anything had to change.

    The file is replaced at once or not at all. A new one is for its owner only (0600), an old one stays for whom it
    was. Raises StackError where it cannot be read or written.
    """
    file = path.resolve()
    try:
        with file.open(encoding="utf-8", newline="") as opened:
            before = opened.read()
            mode: int | None = stat.S_IMODE(os.fstat(opened.fileno()).st_mode)
    except FileNotFoundError:
        before, mode = "", None
    except UnicodeDecodeError as error:
        raise StackError(f"{path}: is not UTF-8 text.", "Save it as UTF-8.") from error
    except OSError as error:
        raise StackError(f"{path} cannot be read: {error.strerror}.") from error
    after = changed(before, changes)
    if after == before:
        return False
    with writing(path.parent):
        replace(file, after, mode)
    return True


def replace(file: Path, text: str, mode: int | None) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as new:
            new.write(text)
            if mode is not None:
                os.fchmod(new.fileno(), mode)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def changed(text: str, changes: Changes) -> str:
    """The text of a `.env` file with these variables set, or taken out where the value is None.

    A variable that is there twice is set where it counts: in the last place.

    >>> changed("# ours\\nPORT=1  # free\\n", {"PORT": "2", "POOL": "us-east-1_A"})
    '# ours\\nPORT=2  # free\\nPOOL=us-east-1_A\\n'
    """
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    bindings = list(parse_stream(io.StringIO(text, newline="")))
    last = {name: index for index, binding in enumerate(bindings) if (name := _set_by(binding))}
    parts = [_part(binding, changes, is_last=index in last.values()) for index, binding in enumerate(bindings)]
    kept = mark + "".join(parts)
    new = [f"{name}={quoted(value)}" for name, value in changes.items() if value is not None and name not in last]
    if not new:
        return kept
    end = "\r\n" if "\r\n" in text else "\n"
    return (kept if not parts or kept.endswith(("\n", "\r")) else kept + end) + "".join(line + end for line in new)


def _set_by(binding: Binding) -> str:
    """The variable that this part of the file sets; empty for comments, and for a name without a value."""
    return binding.key if binding.key is not None and binding.value is not None else ""


def _part(binding: Binding, changes: Changes, *, is_last: bool) -> str:
    """What stands for this part of the file afterwards."""
    original, name = binding.original.string, _set_by(binding)
    if name not in changes:
        return original
    value = changes[name]
    if value is None:
        blank_lines = re.match(r"(?:[^\S\r\n]*(?:\r\n|\n|\r))*", original)
        return blank_lines[0] if blank_lines else ""
    found = ASSIGNMENT.fullmatch(original)
    if not is_last or value == binding.value or found is None:
        return original
    return found["before"] + quoted(value, like=found["value"][:1]) + found["after"]


def quoted(value: str, *, like: str = "") -> str:
    """The value as a `.env` file has to say it, in the quotes of `like` if it has some and they will do.

    >>> print(quoted("us-east-1_A"), quoted("us-east-1_A", like='"'), quoted('{"jwk_url": "$x"}', like='"'))
    us-east-1_A "us-east-1_A" '{"jwk_url": "$x"}'
    """
    if like == '"' and PLAIN_IN_DOUBLE_QUOTES.fullmatch(value):
        return f'"{value}"'
    if like != "'" and PLAIN.fullmatch(value):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
