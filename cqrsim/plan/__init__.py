"""What was drawn: a scenario, a seed and a replication become arrays and answers."""
