"""Naming conventions: the names Hasura gives of its own accord, as they are or in GraphQL's usual case."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

GRAPHQL_DEFAULT: Final = "graphql-default"


def words(name: str) -> list[str]:
    """
    >>> words("author_by_pk"), words("_is_null")
    (['author', 'by', 'pk'], ['_is', 'null'])
    """
    parts = name.split("_")
    return [f"_{parts[1]}", *parts[2:]] if len(parts) > 1 and not parts[0] else parts


def lower_first(word: str) -> str:
    return word[:1].lower() + word[1:]


def upper_first(word: str) -> str:
    return word[:1].upper() + word[1:]


@dataclass(frozen=True, slots=True)
class Base:
    """What the names of a table or function begin with; one that the user chose is left as it is."""

    name: str
    is_custom: bool

    def words(self) -> list[Word]:
        return [Word(self.name, True)] if self.is_custom else [Word(word) for word in words(self.name)]


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    is_custom: bool = False


@dataclass(frozen=True, slots=True)
class Naming:
    """`is_camel` is the convention `graphql-default`: camelCase fields, PascalCase types, CAPITAL values."""

    is_camel: bool = False

    def field(self, name: str) -> str:
        """
        >>> Naming(True).field("distinct_on"), Naming(True).field("_has_keys_any"), Naming().field("distinct_on")
        ('distinctOn', '_hasKeysAny', 'distinct_on')
        """
        return _camel(map(Word, words(name))) if self.is_camel else name

    def type_name(self, name: str) -> str:
        return _pascal(map(Word, words(name))) if self.is_camel else name

    def enum_value(self, name: str) -> str:
        return name.upper() if self.is_camel else name

    def root(self, template: str, base: Base) -> str:
        """The name of a root field, such as `insert_{}_one`.

        >>> Naming(True).root("insert_{}_one", Base("blog_post", False))
        'insertBlogPostOne'
        >>> Naming(True).root("{}_by_pk", Base("Post", True))
        'PostByPk'
        """
        if not self.is_camel:
            return template.format(base.name)
        before, _, after = template.partition("{}")
        return _camel([*_own(before), *base.words(), *_own(after)])

    def typed(self, before: str, base: Base, suffix: str) -> str:
        """The name of a type of the table's, such as `author_bool_exp`."""
        if not self.is_camel:
            return f"{before}{base.name}{suffix}"
        leading = [Word(before.removesuffix("_"))] if before else []
        return _pascal([*leading, *base.words(), *_own(suffix)])

    def joined(self, prefix: str, name: str, suffix: str) -> str:
        """The name between what a source puts around its names."""
        return f"{prefix}{upper_first(name) if prefix and self.is_camel else name}{suffix}"


def _own(text: str) -> list[Word]:
    stripped = text.strip("_")
    return [Word(word) for word in stripped.split("_")] if stripped else []


def _camel(given: Iterable[Word]) -> str:
    first, *rest = given
    return (first.text if first.is_custom else lower_first(first.text)) + _pascal(rest)


def _pascal(given: Iterable[Word]) -> str:
    return "".join(word.text if word.is_custom else upper_first(word.text) for word in given)
