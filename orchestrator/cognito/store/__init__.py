"""All that outlives the process, in one SQLite file: one module a table, nothing but SQL."""
