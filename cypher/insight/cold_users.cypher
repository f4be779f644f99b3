// purpose: Users of whom little is known: few interactions, those without any first, with what they wrote and follow.
// cost: scan
// parameters:
//   fewer INTEGER users with fewer interactions than this; default 5
//   most INTEGER maximum number of rows; default 20
// columns:
//   user id of the user
//   interactions number of interactions
//   texts number of texts
//   follows number of users whom the user follows
//   interests names of the user's three strongest interests
MATCH (u:User)
WITH u, COUNT { (u)-[:INTERACTED]->() } AS interactions
WHERE interactions < $fewer
WITH u, interactions, COUNT { (u)-[:WROTE]->() } AS texts ORDER BY interactions, texts, u.id LIMIT $most
RETURN u.id AS user, interactions, texts, COUNT { (u)-[:FOLLOWS]->() } AS follows,
  COLLECT { MATCH (u)-[s:INTERESTED_IN]->(n:Interest) WHERE s.weight > 0 AND EXISTS { (:Encoder {state: 'active', version: n.version}) }
            RETURN n.name ORDER BY s.weight DESC, n.id LIMIT 3 } AS interests
ORDER BY interactions, texts, user
