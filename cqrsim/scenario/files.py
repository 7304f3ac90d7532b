"""Scenario files."""


def load(path):
    raise NotImplementedError


def schema():
    raise NotImplementedError
