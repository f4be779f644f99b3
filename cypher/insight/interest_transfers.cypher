// purpose: The strongest transfers between interests of two domains, with the edges that show them and the people behind.
// cost: global
// parameters:
//   source STRING domain that the edges leave, or null for each; default null
//   target STRING domain that they lead to, or null for each; default null
//   most INTEGER maximum number of rows; default 10
//   k INTEGER minimum number of people who like both; default 1
// columns:
//   source domain of the items that the edges leave
//   interest interest of these items
//   target domain of the items that the edges lead to
//   target_interest interest of these items
//   weight mean weight over all pairs of their items, a pair without an edge counting 0
//   edges number of edges
//   people number of users who like an item about each of the two interests
//   examples titles of the two items of the three strongest edges
MATCH (g:Generation {state: 'active'})
CALL (g) {
  MATCH (a:Interest {version: g.encoder_version})<-[:ABOUT]-(i:Item)
  WHERE $source IS NULL OR i.domain = $source
  WITH a, i.domain AS source, collect(i) AS items
  WITH a, source, items, size(items) AS leaving
  UNWIND items AS i
  MATCH (i)-[x:TRANSFERS_TO]->(j:Item)
  WHERE x.generation = g.number AND ($target IS NULL OR j.domain = $target)
  WITH a, source, leaving, j, sum(x.weight) AS weight, count(*) AS edges
  MATCH (j)-[:ABOUT]->(b:Interest {version: g.encoder_version})
  WITH a, source, leaving, b, j.domain AS target, sum(weight) AS total, sum(edges) AS edges
  WITH b, target, collect({a: a, source: source, edges: edges, weight: total / leaving}) AS rows
  WITH b, target, rows, COUNT { (b)<-[:ABOUT]-(:Item {domain: target}) } AS arriving
  UNWIND rows AS row
  RETURN row.a AS a, row.source AS source, b, target, row.edges AS edges, row.weight / arriving AS weight
}
WITH * ORDER BY weight DESC, a.id, b.id, source, target LIMIT 2 * $most
WITH *, COUNT {
  UNWIND CASE WHEN a = b THEN [a] ELSE [a, b] END AS n
  MATCH (u:User)-[s:INTERESTED_IN]->(n) WHERE s.likes > 0
  WITH u, count(*) AS ends WHERE ends = CASE WHEN a = b THEN 1 ELSE 2 END
  RETURN u
} AS people
WHERE people >= $k
WITH * ORDER BY weight DESC, a.id, b.id, source, target LIMIT $most
RETURN source, a.name AS interest, target, b.name AS target_interest, weight, edges, people,
  COLLECT {
    MATCH (a)<-[:ABOUT]-(i:Item {domain: source})-[x:TRANSFERS_TO]->(j:Item {domain: target})
    WHERE x.generation = g.number AND EXISTS { (j)-[:ABOUT]->(b) }
    RETURN coalesce(nullIf(i.title, ''), i.key) + ' → ' + coalesce(nullIf(j.title, ''), j.key)
    ORDER BY x.weight DESC, i.key, j.key LIMIT 3
  } AS examples
ORDER BY weight DESC, a.id, b.id, source, target
