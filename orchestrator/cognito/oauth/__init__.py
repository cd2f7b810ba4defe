"""OAuth 2.0 and OpenID Connect: what an application asks for, what it is granted, and the endpoints for machines."""
