"""Who acts: clients, network, command handler, event store, projections and error cache, on SimPy.

Actors are told what happens by method calls, one method a moment, and let time pass with :meth:`Clock.after`.
Whatever follows without a delay happens at once, within the call; so an instant has one order only, that of
:mod:`cqrsim.moments`, and not that in which somebody happened to create something.
"""
