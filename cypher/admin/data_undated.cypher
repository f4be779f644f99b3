// purpose: Interactions without a date in a graph where other interactions have one.
//   Finds none where no interaction is dated.
// columns: found, among, above, examples
MATCH ()-[r:INTERACTED]->()
WITH count(*) AS among, count(r.last_at) AS dated
RETURN CASE WHEN dated > 0 THEN among - dated ELSE 0 END AS found, among, null AS above,
  COLLECT { MATCH (u:User)-[r:INTERACTED]->(i:Item) WHERE dated > 0 AND r.last_at IS NULL
            RETURN u.id + ' with ' + i.key ORDER BY u.id, i.key LIMIT 3 } AS examples
