"""Deliberate defects, each planted into the simulator for a while: whether the checks of the swarm find them."""
