"""The CloudFormation stack: deployed, looked at, and taken away again."""
