// purpose: How many nodes the graph holds, not counting migrations that ran and the lock of retraining.
// columns: nodes
RETURN COUNT { MATCH (n) WHERE NOT n:Migration AND NOT n:Lock } AS nodes
