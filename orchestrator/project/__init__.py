"""The user's project: config.yaml, migrations, metadata and lambdas/template.yaml."""
