"""The users table kept in step with the user pool, and users made from a file."""
