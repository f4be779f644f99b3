// purpose: Interactions without a date in a graph where other interactions have one.
//   Finds none where no interaction is dated.
// cost: global
// columns:
//   found number of findings
//   among number of those that were looked at
//   above limit above which something is a finding, or null
//   examples three findings, the most extreme first where they have an order
MATCH ()-[r:INTERACTED]->()
WITH count(*) AS among, count(r.last_at) AS dated
RETURN CASE WHEN dated > 0 THEN among - dated ELSE 0 END AS found, among, null AS above,
  COLLECT { MATCH (u:User)-[r:INTERACTED]->(i:Item) WHERE dated > 0 AND r.last_at IS NULL
            RETURN u.id + ' with ' + i.key ORDER BY u.id, i.key LIMIT 3 } AS examples
