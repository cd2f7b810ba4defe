"""Request and response transforms of webhooks."""
