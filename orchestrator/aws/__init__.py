"""boto3 clients, against the emulators or Amazon."""
