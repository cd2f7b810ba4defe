"""The Lambda emulator: the Lambda REST API over AWS's own runtime interface client."""
