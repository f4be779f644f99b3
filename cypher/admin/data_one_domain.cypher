// purpose: Users whose history lies in one domain; what leads from one domain to another is learned from
//   the others. None where there is one domain in all.
// columns: found, among, above, examples
MATCH (u:User)-[:INTERACTED]->(i:Item)
WITH u, count(DISTINCT i.domain) AS domains
WITH CASE WHEN domains = 1 AND COUNT { (:Domain) } > 1 THEN u.id END AS alone
WITH count(*) AS among, count(alone) AS found, collect(alone) AS all
RETURN found, among, null AS above, COLLECT { UNWIND all AS id RETURN id ORDER BY id LIMIT 3 } AS examples
