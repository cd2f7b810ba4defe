"""Random input: generators that a seed repeats, run for a moment by `make test` and for as long as wanted by hand."""
