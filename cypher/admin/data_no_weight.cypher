// purpose: Interactions of weight 0, which are neither likes nor dislikes.
// columns: found, among, above, examples
RETURN COUNT { MATCH ()-[r:INTERACTED]->() WHERE r.weight = 0 } AS found,
  COUNT { ()-[:INTERACTED]->() } AS among, null AS above,
  COLLECT { MATCH (u:User)-[r:INTERACTED]->(i:Item) WHERE r.weight = 0
            RETURN u.id + ' with ' + i.key ORDER BY u.id, i.key LIMIT 3 } AS examples
