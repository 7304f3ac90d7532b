"""What is measured besides cqrsim need not be installed, so nobody looks into those files for examples."""

collect_ignore = ["with_ciw.py", "with_cimba.py"]
