"""Our functions as triggers of a user pool that is already there, and taking them out again."""
