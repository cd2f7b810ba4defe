"""The embedded engine: a Hasura-v2-compatible GraphQL server for PostgreSQL."""
