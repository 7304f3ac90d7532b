"""What a scenario asks of each station, calculated without a run, and whether it can keep up.

means, durations    of distributions: moments, limited means, masses
flows, stations     what arrives where, and how long it is served there
stability           the table of loads, and what is overloaded for certain
unstable            what was seen in runs: a backlog that still grows
"""
