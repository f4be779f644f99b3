// purpose: Users alike: those who like the same items, rare ones counting more, and have the same interests.
// cost: scan
// parameters:
//   user STRING id of the user; example "ana"
//   most INTEGER maximum number of rows; default 10
//   history INTEGER maximum number of the user's liked items that are followed, the least known ones; default 50
// columns:
//   user id of the other user
//   similarity mean of the two columns that follow
//   by_items cosine of the liked items of both, of those that are followed
//   by_interests cosine of the interests of both
//   shared number of items that both like
//   examples titles of at most three of these, the least known ones
//   interests names of at most three interests that both have
MATCH (e:Encoder {state: 'active'})
MATCH (u:User {id: $user})
CALL (u) {
  MATCH (u)-[r:INTERACTED]->(i:Item) WHERE r.weight > 0
  WITH i, COUNT { (i)<-[:INTERACTED]-() } AS known ORDER BY known, i.key LIMIT $history
  RETURN collect({item: i, known: known}) AS mine
}
CALL (u, e) {
  MATCH (u)-[s:INTERESTED_IN]->(n:Interest {version: e.version})
  RETURN sqrt(sum(s.weight * s.weight)) AS length
}
CALL (u, mine) {
  UNWIND mine AS each
  WITH u, each.item AS i, each.known AS known
  MATCH (i)<-[r:INTERACTED]-(v:User) WHERE r.weight > 0 AND v <> u
  WITH v, i, known ORDER BY known, i.key
  WITH v, count(*) AS shared, sum(1.0 / log(1 + known)) AS rare, collect(coalesce(nullIf(i.title, ''), i.key))[..3] AS examples
  ORDER BY rare DESC, v.id LIMIT 10 * $most
  RETURN v, shared, examples
}
CALL (u, v, e) {
  MATCH (v)-[s:INTERESTED_IN]->(n:Interest {version: e.version})
  OPTIONAL MATCH (u)-[t:INTERESTED_IN]->(n)
  WITH s, t, n ORDER BY CASE WHEN s.weight > 0 AND t.weight > 0 THEN s.weight * t.weight ELSE 0.0 END DESC, n.id
  RETURN sum(s.weight * t.weight) AS product, sqrt(sum(s.weight * s.weight)) AS other,
    [name IN collect(CASE WHEN s.weight > 0 AND t.weight > 0 THEN n.name END) WHERE name IS NOT NULL][..3] AS interests
}
WITH v, shared, examples, interests,
  shared / sqrt(size(mine) * COUNT { (v)-[r:INTERACTED]->() WHERE r.weight > 0 }) AS by_items,
  CASE WHEN length * other > 0 THEN product / (length * other) ELSE 0.0 END AS by_interests
RETURN v.id AS user, (by_items + by_interests) / 2 AS similarity, by_items, by_interests, shared, examples, interests
ORDER BY similarity DESC, user LIMIT $most
