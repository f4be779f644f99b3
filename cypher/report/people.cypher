// purpose: Users whose history in several domains is long enough to be read as an example.
// parameters: n INTEGER number of users
// columns: user, interactions, domains
MATCH (u:User)
WITH u ORDER BY u.id LIMIT 5000
MATCH (u)-[:INTERACTED]->(i:Item)
WITH u, count(*) AS interactions, count(DISTINCT i.domain) AS domains
WHERE interactions <= 200
RETURN u.id AS user, interactions, domains
ORDER BY domains DESC, interactions DESC, user LIMIT $n
