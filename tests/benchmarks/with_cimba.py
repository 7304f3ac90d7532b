"""The three stations on Cimba: four processes that hand times of arrival on through stores.

The processes are compiled by Numba and run by Cimba's engine, which is written in C.  It draws its own random numbers
while it runs, and keeps every sojourn time in a data set.
"""

import cimba
from cimba import inputs


class Pipeline(cimba.Model):
    """200 commands a second; 1 ms to validate, 2 ms to write, 2 ms to apply, all of them exponential."""

    gap: cimba.Input[float] = inputs.dist.exponential(mean=1 / 200)
    validate: cimba.Input[float] = inputs.dist.exponential(mean=0.001)
    write: cimba.Input[float] = inputs.dist.exponential(mean=0.002)
    apply: cimba.Input[float] = inputs.dist.exponential(mean=0.002)
    arrived: cimba.Store[float]
    decided: cimba.Store[float]
    written: cimba.Store[float]
    sojourn: cimba.Dataset
    mean: cimba.Output[float]

    @cimba.process
    def source(self) -> None:
        while True:
            cimba.hold(self.gap.next())
            self.arrived.put(cimba.now())

    @cimba.process
    def handler(self) -> None:
        while True:
            at = self.arrived.get()
            cimba.hold(self.validate.next())
            self.decided.put(at)

    @cimba.process
    def disk(self) -> None:
        while True:
            at = self.decided.get()
            cimba.hold(self.write.next())
            self.written.put(at)

    @cimba.process
    def projection(self) -> None:
        while True:
            at = self.written.get()
            cimba.hold(self.apply.next())
            self.sojourn.record(cimba.now() - at)

    @cimba.on_end
    def measure(self) -> None:
        self.mean = self.sojourn.sample_mean()


def simulate(length: float, seed: int) -> float:
    """The mean time from arriving to being applied, of the commands of so many seconds."""
    model = Pipeline()
    experiment = cimba.Experiment(model, window=cimba.Window(duration=length), seed=seed)
    return float(experiment.run(workers=1)[model].mean[0, 0])
