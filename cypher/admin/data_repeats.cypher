// purpose: Pairs of a user and an item with more events than a person would make.
// cost: global
// parameters:
//   most INTEGER maximum events of a plausible pair; default 1000
// columns:
//   found number of findings
//   among number of those that were looked at
//   above limit above which something is a finding, or null
//   examples three findings, the most extreme first where they have an order
RETURN COUNT { MATCH ()-[r:INTERACTED]->() WHERE r.count > $most } AS found,
  COUNT { ()-[:INTERACTED]->() } AS among, $most AS above,
  COLLECT { MATCH (u:User)-[r:INTERACTED]->(i:Item) WHERE r.count > $most
            RETURN u.id + ' with ' + i.key + ', ' + r.count + ' times'
            ORDER BY r.count DESC, u.id, i.key LIMIT 3 } AS examples
