// purpose: Users without interactions and texts.
// cost: scan
// columns:
//   found number of findings
//   among number of those that were looked at
//   above limit above which something is a finding, or null
//   examples three findings, the most extreme first where they have an order
RETURN COUNT { (u:User) WHERE NOT EXISTS { (u)-[:INTERACTED|WROTE]->() } } AS found,
  COUNT { (:User) } AS among, null AS above,
  COLLECT { MATCH (u:User) WHERE NOT EXISTS { (u)-[:INTERACTED|WROTE]->() }
            RETURN u.id ORDER BY u.id LIMIT 3 } AS examples
