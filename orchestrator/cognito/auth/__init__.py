"""Proving who a user is: SRP, passwords, flows and challenges. No HTTP, no SQL."""
