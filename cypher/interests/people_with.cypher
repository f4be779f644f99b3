// purpose: The users with most of an interest, strongest first.
// cost: scan
// parameters:
//   interest STRING name of the interest in any language, or its id; example "science fiction"
//   most INTEGER maximum number of rows; default 20
// columns:
//   user id of the user
//   interest name of the interest
//   weight how much the user likes it, from 1 to -1
//   likes number of liked items about it
//   dislikes number of disliked items about it
//   texts number of texts about it
//   last_at time of the last of them
MATCH (e:Encoder {state: 'active'})
MATCH (n:Interest {version: e.version})
WHERE n.id = $interest OR toLower(n.name) = toLower($interest)
  OR any(name IN coalesce(n.names, []) WHERE toLower(name) = toLower($interest))
MATCH (u:User)-[s:INTERESTED_IN]->(n)
RETURN u.id AS user, n.name AS interest, s.weight AS weight, s.likes AS likes, s.dislikes AS dislikes,
  s.texts AS texts, toString(s.last_at) AS last_at
ORDER BY weight DESC, user, n.id LIMIT $most
