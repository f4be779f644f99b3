// purpose: How many users have interactions in both of two domains; with a domain itself, how many have any in it.
// columns: source, target, users
MATCH (u:User)-[:INTERACTED]->(i:Item)
WITH u, collect(DISTINCT i.domain) AS domains
UNWIND domains AS source
UNWIND domains AS target
RETURN source, target, count(*) AS users
ORDER BY source, target
