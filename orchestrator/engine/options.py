"""The settings that shape what a request may ask and how it is read, as one frozen value."""

from __future__ import annotations

from dataclasses import dataclass, replace

from orchestrator.engine.metadata.model import Source


@dataclass(frozen=True)
class Options:
    """`null_collapses` takes a comparison with null for none at all, as Hasura's first version did; `unset_is_null`
    says whether a nullable variable without a value is null or as if it weren't there; `null_in_non_null` lets null
    be the value of a variable declared with `!`; `allowlist` holds all but admins to what is on the allow list;
    `conventions` takes naming conventions into account."""

    stringify: bool = False
    infer_function_permissions: bool = True
    null_collapses: bool = False
    unset_is_null: bool = True
    null_in_non_null: bool = False
    allowlist: bool = False
    conventions: bool = False
    default_convention: str | None = None

    def named(self, source: Source) -> Source:
        """The source with the naming convention that holds for it."""
        own = source.customization.naming_convention
        convention = (own or self.default_convention) if self.conventions else None
        return replace(source, customization=replace(source.customization, naming_convention=convention))
