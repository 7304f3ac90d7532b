"""Many runs: who does them, what is kept of each, and how it is found again.

runs, watching, cluster       this process, many, or a cluster; a bar for whoever watches
measured, numbers, sampling   what one run leaves behind
collect, shared               what many left, as frames; whether designs met the same commands
wanted, shards, gather        which runs a sweep asks for, and which part of them
parts, results_folder, locking    finished runs in a folder
"""
