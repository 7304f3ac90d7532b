"""Which settings an experiment varies: designs as values, from code and from files, checked before anything runs.

between, factors, constraints    what varies, and what must hold
arrangements, points             which points follow: grid, one at a time, Latin hypercube, Sobol
design, designs, checked_design  the value, the functions that make one, what may be wrong with it
design_file, factor_file, sweep_file, reading
axis, factor_space               a design seen along its settings
"""
