// purpose: Number of nodes in the graph, without the records of migrations and the retraining lock.
// columns: nodes
RETURN COUNT { MATCH (n) WHERE NOT n:Migration AND NOT n:Lock } AS nodes
