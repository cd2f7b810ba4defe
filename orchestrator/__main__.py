"""`python -m orchestrator` is the command `hasura-cognito`."""

from orchestrator.cli.main import main

main()
