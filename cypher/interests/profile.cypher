// purpose: The interests of a user, strongest first, with what they rest on.
// cost: point
// parameters:
//   user STRING id of the user; example "ana"
//   most INTEGER maximum number of rows; default 20
// columns:
//   interest name of the interest
//   weight how much the user likes it, from 1 to -1: the mean of likes and texts, older ones counting less
//   written the same of the user's texts about no item alone, or null
//   likes number of liked items about it
//   dislikes number of disliked items about it
//   texts number of the user's texts about it
//   first_at time of the first of them
//   last_at time of the last of them
//   examples titles of at most three liked items about it
//   id id of the interest
MATCH (e:Encoder {state: 'active'})
MATCH (u:User {id: $user})-[s:INTERESTED_IN]->(n:Interest {version: e.version})
WITH u, s, n ORDER BY s.weight DESC, n.id LIMIT $most
RETURN n.name AS interest, s.weight AS weight, s.written AS written, s.likes AS likes,
  s.dislikes AS dislikes, s.texts AS texts, toString(s.first_at) AS first_at, toString(s.last_at) AS last_at,
  COLLECT {
    MATCH (u)-[r:INTERACTED]->(i:Item)-[b:ABOUT]->(n) WHERE r.weight > 0
    RETURN coalesce(nullIf(i.title, ''), i.key) ORDER BY r.weight * b.weight DESC, i.key LIMIT 3
  } AS examples, n.id AS id
ORDER BY weight DESC, id
