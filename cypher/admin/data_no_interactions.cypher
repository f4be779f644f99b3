// purpose: Items without interactions.
// columns: found, among, above, examples
RETURN COUNT { (i:Item) WHERE NOT EXISTS { (i)<-[:INTERACTED]-() } } AS found,
  COUNT { (:Item) } AS among, null AS above,
  COLLECT { MATCH (i:Item) WHERE NOT EXISTS { (i)<-[:INTERACTED]-() }
            RETURN i.key ORDER BY i.key LIMIT 3 } AS examples
