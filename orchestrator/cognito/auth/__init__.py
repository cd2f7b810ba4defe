"""Proving who a user is: SRP, passwords, secret hashes. No HTTP, no storage."""
