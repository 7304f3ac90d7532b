"""What theory says, computed from published formulas: plain numbers in, plain numbers out, no simulation.

queues.py   one server and pools of servers, endless and finite waiting rooms, closed populations
batches.py  what is served or fetched together: group commits, polls of a feed
delays.py   sums, minima and maxima of exponential times, and who looks at which times
paths.py    exact recursions over given arrivals and services

Rates are per second and times in seconds, but for paths.py, where whole numbers count whatever their caller counts.
"""
