// purpose: How many nodes the graph holds, not counting those that say which migrations ran.
// columns: nodes
RETURN COUNT { MATCH (n) WHERE NOT n:Migration } AS nodes
