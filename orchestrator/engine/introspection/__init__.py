"""The schema as GraphQL's introspection shows it."""
