// purpose: Users with a history in one domain only: transfer is learned from users with several domains.
//   Finds none in a graph with a single domain.
// cost: global
// columns:
//   found number of findings
//   among number of those that were looked at
//   above limit above which something is a finding, or null
//   examples three findings, the most extreme first where they have an order
MATCH (u:User)-[:INTERACTED]->(i:Item)
WITH u, count(DISTINCT i.domain) AS domains
WITH CASE WHEN domains = 1 AND COUNT { (:Domain) } > 1 THEN u.id END AS alone
WITH count(*) AS among, count(alone) AS found, collect(alone) AS all
RETURN found, among, null AS above, COLLECT { UNWIND all AS id RETURN id ORDER BY id LIMIT 3 } AS examples
