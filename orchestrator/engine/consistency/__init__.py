"""Whether the metadata fits the databases, and what follows when it doesn't."""
