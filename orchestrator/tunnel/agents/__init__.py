"""Libraries that make tunnels, each run by a program of its own.

In the keeper they would block, outlive a deadline, or lose a file descriptor with each attempt. These programs say what
happens in lines of JSON (`spoken`), take their secret from the environment, and end what they started at SIGTERM.
"""
