"""The metadata: its values, its JSON, and names that change in it."""
