"""The three stations as a queueing network of Ciw: three nodes in tandem, with one server each.

Ciw draws its own random numbers while it runs, and keeps a record of every visit by itself: when it began to wait, was
served, and left.
"""

import ciw


def network() -> ciw.network.Network:
    """200 commands a second; 1 ms to validate, 2 ms to write, 2 ms to apply, all of them exponential."""
    return ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(rate=200), None, None],
        service_distributions=[ciw.dists.Exponential(rate=rate) for rate in (1000, 500, 500)],
        number_of_servers=[1, 1, 1],
        routing=[[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]],
    )


def simulate(length: float, seed: int) -> ciw.Simulation:
    """The network after so many seconds."""
    ciw.seed(seed)
    simulation = ciw.Simulation(network())
    simulation.simulate_until_max_time(length)
    return simulation


def sojourns(simulation: ciw.Simulation) -> list[float]:
    """Of each command that has left: seconds from arriving to being applied."""
    records = simulation.get_all_records()
    arrived = {record.id_number: record.arrival_date for record in records if record.node == 1}
    return [record.exit_date - arrived[record.id_number] for record in records if record.node == 3]
