"""Lets ``python -m cqrsim`` do what ``cqrsim`` does."""

from cqrsim.cli import main

if __name__ == "__main__":
    main()
