// purpose: Interactions of weight 0, which are neither likes nor dislikes.
// cost: global
// columns:
//   found number of findings
//   among number of those that were looked at
//   above limit above which something is a finding, or null
//   examples three findings, the most extreme first where they have an order
RETURN COUNT { MATCH ()-[r:INTERACTED]->() WHERE r.weight = 0 } AS found,
  COUNT { ()-[:INTERACTED]->() } AS among, null AS above,
  COLLECT { MATCH (u:User)-[r:INTERACTED]->(i:Item) WHERE r.weight = 0
            RETURN u.id + ' with ' + i.key ORDER BY u.id, i.key LIMIT 3 } AS examples
