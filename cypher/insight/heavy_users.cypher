// purpose: The users with most interactions, with their part of all of them.
// cost: scan
// parameters:
//   most INTEGER maximum number of rows; default 20
// columns:
//   user id of the user
//   interactions number of interactions
//   share their part of all interactions
//   domains number of domains with one of them
//   last_at time of the newest of them
CALL () { MATCH ()-[r:INTERACTED]->() RETURN toFloat(count(r)) AS total }
MATCH (u:User)
WITH total, u, COUNT { (u)-[:INTERACTED]->() } AS interactions ORDER BY interactions DESC, u.id LIMIT $most
WHERE interactions > 0
CALL (u) {
  MATCH (u)-[r:INTERACTED]->(i:Item)
  RETURN count(DISTINCT i.domain) AS domains, max(r.last_at) AS last_at
}
RETURN u.id AS user, interactions, interactions / total AS share, domains, toString(last_at) AS last_at
ORDER BY interactions DESC, user
