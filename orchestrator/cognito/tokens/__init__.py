"""Tokens: the keys that sign them, the claims in them, and the one way to issue them."""
