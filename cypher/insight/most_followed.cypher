// purpose: The users whom most others follow, with what they like.
// cost: scan
// parameters:
//   most INTEGER maximum number of rows; default 20
// columns:
//   user id of the user
//   followers number of users who follow the user
//   follows number of users whom the user follows
//   interactions number of the user's interactions
//   interests names of the user's three strongest interests
OPTIONAL MATCH (e:Encoder {state: 'active'})
MATCH (u:User)
WITH e, u, COUNT { (u)<-[:FOLLOWS]-() } AS followers
WHERE followers > 0
WITH e, u, followers ORDER BY followers DESC, u.id LIMIT $most
RETURN u.id AS user, followers, COUNT { (u)-[:FOLLOWS]->() } AS follows, COUNT { (u)-[:INTERACTED]->() } AS interactions,
  COLLECT { MATCH (u)-[s:INTERESTED_IN]->(n:Interest {version: e.version}) WHERE s.weight > 0
            RETURN n.name ORDER BY s.weight DESC, n.id LIMIT 3 } AS interests
ORDER BY followers DESC, user
