// purpose: Users for whom two generations lead elsewhere: what the edges of their newest likes lead to most, in both.
//   It compares the edges alone, without the merge weights, interests and popularity of an answer.
// cost: scan
// parameters:
//   user STRING id of a user, or null for those with most interactions; default null
//   domain STRING domain to which the edges lead, or null for all; default null
//   first INTEGER number of a generation, or null for the one before the second; default null
//   second INTEGER number of another, or null for the active one; default null
//   users INTEGER number of users that are compared; default 20
//   history INTEGER number of newest likes of a user whose edges are followed; default 5
//   n INTEGER number of items to which they lead most that are compared; default 10
// columns:
//   user id of the user
//   first number of the first generation
//   second number of the second generation
//   same number of items among the n of both
//   overlap their part of the longer list
//   gone titles of at most three items that only the first has, its best first
//   new titles of at most three items that only the second has, its best first
OPTIONAL MATCH (active:Generation {state: 'active'})
WITH coalesce($second, active.number) AS second
CALL (second) {
  MATCH (g:Generation) WHERE g.state = 'retired' AND g.number <> second
  RETURN g.number AS before ORDER BY g.number < second DESC, g.number DESC LIMIT 1
UNION ALL
  WITH second WHERE NOT EXISTS { MATCH (g:Generation) WHERE g.state = 'retired' AND g.number <> second }
  RETURN null AS before
}
WITH coalesce($first, before) AS first, second WHERE first IS NOT NULL AND second IS NOT NULL
CALL () {
  MATCH (u:User) WHERE $user IS NULL OR u.id = $user
  RETURN u ORDER BY COUNT { (u)-[:INTERACTED]->() } DESC, u.id LIMIT $users
}
CALL (u, first, second) {
  MATCH (u)-[r:INTERACTED]->(i:Item) WHERE r.weight > 0
  WITH u, first, second, i, r ORDER BY coalesce(r.last_at.epochMillis, 0) DESC, i.key LIMIT $history
  MATCH (i)-[x:TRANSFERS_TO|CO_LIKED]->(j:Item)
  WHERE x.generation IN [first, second] AND ($domain IS NULL OR j.domain = $domain)
  WITH u, j, sum(CASE WHEN x.generation = first THEN x.weight ELSE 0.0 END) AS a, sum(CASE WHEN x.generation = second THEN x.weight ELSE 0.0 END) AS b
  WHERE NOT EXISTS { (u)-[:INTERACTED]->(j) }
  WITH j, a, b ORDER BY a DESC, j.key
  WITH collect(CASE WHEN a > 0 THEN j END)[..$n] AS firsts, collect({j: j, b: b}) AS rows
  UNWIND rows AS row
  WITH firsts, row.j AS j, row.b AS b ORDER BY b DESC, j.key
  RETURN firsts, collect(CASE WHEN b > 0 THEN j END)[..$n] AS seconds
}
WITH u, first, second, firsts, seconds, size([j IN firsts WHERE j IN seconds]) AS same,
  CASE WHEN size(firsts) > size(seconds) THEN size(firsts) ELSE size(seconds) END AS longer
WHERE longer > 0
RETURN u.id AS user, first, second, same, toFloat(same) / longer AS overlap,
  [j IN firsts WHERE NOT j IN seconds | coalesce(nullIf(j.title, ''), j.key)][..3] AS gone,
  [j IN seconds WHERE NOT j IN firsts | coalesce(nullIf(j.title, ''), j.key)][..3] AS new
ORDER BY overlap, user
