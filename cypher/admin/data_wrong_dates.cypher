// purpose: Interactions dated in the future, or in 1970 as missing dates often are.
// cost: global
// columns:
//   found number of findings
//   among number of those that were looked at
//   above limit above which something is a finding, or null
//   examples three findings, the most extreme first where they have an order
WITH datetime('1970-01-01T00:00Z') AS zero, datetime('1971-01-01T00:00Z') AS later,
     datetime() + duration({days: 1}) AS tomorrow
RETURN COUNT { MATCH ()-[r:INTERACTED]->() WHERE r.last_at > tomorrow OR zero <= r.first_at < later } AS found,
  COUNT { ()-[:INTERACTED]->() } AS among, null AS above,
  COLLECT { MATCH (u:User)-[r:INTERACTED]->(i:Item) WHERE r.last_at > tomorrow OR zero <= r.first_at < later
            RETURN u.id + ' with ' + i.key + ', ' + left(toString(r.last_at), 10)
            ORDER BY r.last_at DESC, u.id, i.key LIMIT 3 } AS examples
