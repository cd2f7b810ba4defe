"""The sync gateway: the one thing that a tunnel exposes. It takes signed sync requests and runs the one mutation."""
