"""A role's GraphQL schema as plain values, built lazily, with a binding on each field."""
