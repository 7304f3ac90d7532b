"""The oracles, one file for each part of the system that theory knows something of.

A new one is a function that returns an Oracle, entered in the ORACLES of its file.
"""
