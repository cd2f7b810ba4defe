"""The metadata's place in PostgreSQL: hdb_catalog."""
