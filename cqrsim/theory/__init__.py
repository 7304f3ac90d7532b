"""Theory as a test: systems whose behaviour is known from books, simulated through the public interface.

oracle.py        what an oracle is: a system, a formula, and how to look its quantities up in a run
formulas/        what theory says, computed
known/           the oracles, one file for each part of the system
systems.py       what their systems have in common
judging.py       when an estimate agrees, and how often a correct simulator would be called wrong
verification.py  all of them put to the test: ``cq.verify()``, ``cqrsim verify``
"""

from cqrsim.theory.oracle import Case, Oracle
from cqrsim.theory.registry import oracles
from cqrsim.theory.verification import Verification, verify

__all__ = ["Case", "Oracle", "Verification", "oracles", "verify"]
