"""What every engine owes: the same plan, the same trace, to the last bit.  The reference is each other engine's oracle.

The normal tests run a few hundred scenarios; as many as are asked for:

    python -m tests.contract --scenarios 10000 [--first N] [--uncompiled] [--keep]
    python -m pytest tests/contract -m long -n 0
"""
