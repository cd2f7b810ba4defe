"""Pure descriptions of the services: settings and addresses in, a `Spec` out."""
