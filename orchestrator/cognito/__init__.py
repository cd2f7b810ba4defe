"""The Cognito emulator: user pools, tokens and triggers."""
