"""The `hasura-cognito` command: one file a command group."""
