"""How work is run: shared out among processes (share.py), reading and writing beside the networks (overlap.py),
and told of while it goes on (progress.py)."""
