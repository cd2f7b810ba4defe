"""Reads the user's files (config.yaml, migrations, metadata, lambdas/template.yaml) and applies them over HTTP."""
