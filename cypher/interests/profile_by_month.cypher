// purpose: What a user liked and disliked month by month, newest first, by interest.
// cost: point
// parameters:
//   user STRING id of the user; example "ana"
//   most INTEGER maximum number of interests of a month; default 3
// columns:
//   month year and month of the user's last interaction with the items
//   interest name of the interest
//   likes number of items about it that the user liked
//   dislikes number of items about it that the user disliked
//   examples titles of at most three of these items, liked ones first
MATCH (e:Encoder {state: 'active'})
MATCH (:User {id: $user})-[r:INTERACTED]->(i:Item)-[:ABOUT]->(n:Interest {version: e.version})
WHERE r.last_at IS NOT NULL
WITH left(toString(r.last_at), 7) AS month, n, r, i ORDER BY r.weight DESC, i.key
WITH month, n, count(CASE WHEN r.weight > 0 THEN 1 END) AS likes, count(CASE WHEN r.weight < 0 THEN 1 END) AS dislikes,
  collect(coalesce(nullIf(i.title, ''), i.key))[..3] AS examples
ORDER BY month DESC, likes DESC, dislikes, n.id
WITH month, collect({name: n.name, likes: likes, dislikes: dislikes, examples: examples})[..$most] AS interests
ORDER BY month DESC
UNWIND interests AS each
RETURN month, each.name AS interest, each.likes AS likes, each.dislikes AS dislikes, each.examples AS examples
