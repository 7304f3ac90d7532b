"""What results say: estimates and differences with their intervals, and the questions that people ask.

estimates, pooled, differences, outcomes      numbers over replications
verdict, directions, best_of, pareto_front, findings    which design is better, in words
expectations, questions                       what somebody demands of a design
precision, width, warm_up                     how long to go on, and what to leave out
breakeven, crossings                          where one design overtakes another
timeout_curve, timeout_figures, timeout_theory    the timeout of case 2a
sensitivity                                   which settings matter
rare, rare_faults, strata, strikes, renewals  what nearly never strikes, and how often things do
"""
