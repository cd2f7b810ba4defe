"""The console at /console: GraphiQL, with who asks above it. Built from the sources in `console/` by `make console`."""
