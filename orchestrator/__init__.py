"""hasura-cognito: a local development stack for applications on Hasura and Amazon Cognito."""

__version__ = "0.1.0"
