"""Who asks, and as what role: admin secret, token, authentication hook."""
