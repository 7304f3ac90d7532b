"""One fault at the append of one command, while an excluding one follows: scripts, and the outcome table."""
