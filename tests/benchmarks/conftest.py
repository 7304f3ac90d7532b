"""What is measured besides SimPy need not be there: then nobody looks into those files."""

from importlib.util import find_spec

collect_ignore = ["with_ciw.py", "with_cimba.py"]
if find_spec("cqrsim.engines.array_engine") is None:
    collect_ignore += ["test_speed.py", "test_speed_at_scale.py"]
