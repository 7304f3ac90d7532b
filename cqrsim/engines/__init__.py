"""Engines: ``run(plan) -> Trace``.  They see whole numbers only, and agree to the digest."""
