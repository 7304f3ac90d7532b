"""A swarm of small random scenarios, each made from one whole number, and what must hold of every one of them."""
