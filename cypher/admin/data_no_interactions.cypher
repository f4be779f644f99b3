// purpose: Items without interactions.
// cost: scan
// columns:
//   found number of findings
//   among number of those that were looked at
//   above limit above which something is a finding, or null
//   examples three findings, the most extreme first where they have an order
RETURN COUNT { (i:Item) WHERE NOT EXISTS { (i)<-[:INTERACTED]-() } } AS found,
  COUNT { (:Item) } AS among, null AS above,
  COLLECT { MATCH (i:Item) WHERE NOT EXISTS { (i)<-[:INTERACTED]-() }
            RETURN i.key ORDER BY i.key LIMIT 3 } AS examples
