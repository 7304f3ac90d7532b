"""Values of theory as they stand in a list of worked examples, computed apart from the package, digit by digit.

By the id of the oracle: each quantity with its value.  What an oracle has beyond these is checked in test_formulas.py.
"""

PUBLISHED = {
    "O01a": {
        "stay": 0.02, "wait": 0.01, "P(waits)": 0.5, "in system": 1.0, "in queue": 0.5,
        "stay, p50": 0.013862943611198907, "stay, p95": 0.059914645471079817, "stay, p99": 0.09210340371976183,
    },
    "O03": {"stay": 0.0325, "wait": 0.0225, "P(waits)": 0.6},
    "O04": {
        "stay": 0.0175, "wait": 0.0075, "P(waits)": 0.6,
        "P(wait <= 5 ms)": 0.5399435230304013, "P(wait <= 25 ms)": 0.931515966655092,
    },
    "O06": {
        "visible": 0.06761904761904762, "deviation": 0.041414885533636, "P(> 200 ms)": 0.010607750258010593,
        "visible, p50": 0.05905396757303481, "visible, p95": 0.14690857487235026, "visible, p99": 0.20199557572044163,
    },
    "O14": {
        "fast: known": 0.10067836549063043, "fast: polls": 1.0067836549063043,
        "slow: known": 0.2541494082536798, "slow: polls": 2.5414940825367984,
        "back-off: known": 0.29085312892221193, "back-off: polls": 3.4144488520417426,
    },
    "O16": {
        "error events: full after": 9.758816180844734, "error events: growth, bytes per s": 102_500.0,
        "error events: error share": 0.12195121951219512, "equal sizes: full after": 10.005,
        "error cache: growth, bytes per s": 90_000.0,
    },
    "O17": {
        "1: wait": 1.0204081632653061e-05,
        "2b: hold": 0.006, "2b: wait": 0.0006931818181818183,
        "2a: hold": 0.026, "2a: wait": 0.022937500000000006,
        "2a, timeout: hold": 0.026572118202625047, "2a, timeout: wait": 0.02452105177220871,
        "2a, timeout: timeouts": 0.018894089358612122, "2a, timeout: false timeouts": 0.99 * 0.008983928645062748,
    },
    "O19": {
        "M/M[1,8]/1: durable": 0.02070009660801648, "M/M[1,8]/1: busy": 0.9303202308650056,
        "M/D[1,8]/1: durable": 0.01493646877395255, "M/D[1,8]/1: batch": 3.049593602703642,
        "M/D[1,8]/1: commits, per s": 98.37376355132474,
        "M/D[1,inf]/1: durable": 0.01491837615667623, "M/D[1,inf]/1: batch": 3.049787068367864,
        "M/D[1,inf]/1: busy": 0.9836752313352459,
    },
    "O20": {
        "2 ms each: lag": 0.277, "at once: lag": 0.25, "at once: lag, p99": 0.495,
        "at most 30: lag": 0.26403659018405445,
    },
    "O21c": {
        "P(visible in 10 ms)": 0.3934693402873666, "P(visible in 100 ms)": 0.9932620530009145,
        "time to 99.9 %": 0.13815510557964272,
    },
    "O25": {"rebuild: rebuild of 5,000 events": 25.0, "outage: stale for": 150.0},
    "O26": {"P(up at 5 s)": 0.970178124016412, "up share of 100 s": 0.9683662851196669},
    "O29": {
        "one by one: P(stale)": 0.5, "one by one: P(more than 3 behind)": 0.0625, "one by one: events behind": 1.0,
        "one by one: aggregate: P(stale)": 0.009900990099009901, "one by one: aggregate: events behind": 0.01,
        "in parallel: aggregate: P(fresh)": 0.9950124791926823,
    },
    "O30": {
        "after 50 ms: unseen": 0.0820849986238988, "after thinking: unseen": 0.16666666666666666,
        "two stages: unseen": 0.10943153152194424, "two replicas: less": 0.013934827317100086,
        "two writes: inverted": 0.18393972058572117,
    },
    "O33": {
        "open: mean, ms": 25_003.0, "open: p50, ms": 1.0, "open: p75, ms": 50_000.0, "open: p99, ms": 98_000.0,
        "open: p99.99, ms": 99_980.0, "closed: mean, ms": 10.99890010998899, "closed: p99.99, ms": 1.0,
        "closed: largest, ms": 100_000.0,
    },
    "O34": {
        "censored share": 0.22313016014842982, "restricted mean": 1.5537396797031404, "p50": 1.3862943611198906,
        "P(> 2 s)": 0.36787944117144233, "naive mean": 1.1383492496333953,
    },
    "O37": {
        "wait of command 2": 0.0044444444444444444, "wait of command 10": 0.01859832085936294,
        "wait of command 100": 0.03810376245169547, "mean of the first 100": 0.031000537992316925,
    },
}  # fmt: skip

TWELVE = {
    "waits": [0, 2, 3, 7, 3, 8, 1, 2, 8, 11, 0, 0],
    "departures": [5, 7, 11, 12, 18, 19, 21, 28, 31, 33, 34, 38],
    "visible": [7, 9, 17, 18, 19, 22, 27, 29, 32, 37, 39, 41],
    "waits of two servers": [0, 0, 1, 1, 0, 0, 0, 0, 0, 3, 0, 0],
    "with outages": [5, 17, 21, 22, 28, 29, 37, 44, 47, 49, 50, 54],
}
"""The twelve commands of O05 by hand, in milliseconds."""
