"""Subscriptions at work: one poll asks for all subscribers of one shape, and tells those whose answer is new."""
