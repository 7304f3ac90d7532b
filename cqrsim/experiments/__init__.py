"""Runs, comparisons and sweeps: what is asked of many simulations, and what they answer together."""
