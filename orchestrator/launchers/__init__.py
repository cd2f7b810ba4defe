"""How a service is run: as a supervised child process."""
