// purpose: The edges of two generations side by side, of the most liked items: how many stay, and how their weights change.
// cost: scan
// parameters:
//   first INTEGER number of a generation, or null for the one before the second; default null
//   second INTEGER number of another, or null for the active one; default null
//   items INTEGER number of most liked items whose edges are compared; default 100
// columns:
//   first number of the first generation
//   second number of the second generation
//   kind transfer (TRANSFERS_TO) or co_liked (CO_LIKED)
//   source domain that the edges leave
//   target domain that they lead to
//   edges number of edges of the first
//   edges_of_second number of edges of the second
//   kept number of edges of both
//   share_kept part of the edges of the first that the second has
//   weight mean weight of the kept edges in the first
//   weight_of_second mean weight of the kept edges in the second
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
  MATCH (i:Item)
  RETURN i ORDER BY coalesce(i.likes, 0.0) DESC, i.key LIMIT $items
}
MATCH (i)-[x:TRANSFERS_TO|CO_LIKED]->(j:Item)
WHERE x.generation IN [first, second]
WITH first, second, type(x) AS type, i, j, max(CASE WHEN x.generation = first THEN x.weight END) AS a,
  max(CASE WHEN x.generation = second THEN x.weight END) AS b
WITH first, second, type, i.domain AS source, j.domain AS target, count(a) AS edges, count(b) AS edges_of_second,
  count(a + b) AS kept, avg(CASE WHEN b IS NOT NULL THEN a END) AS weight, avg(CASE WHEN a IS NOT NULL THEN b END) AS weight_of_second
RETURN first, second, CASE type WHEN 'CO_LIKED' THEN 'co_liked' ELSE 'transfer' END AS kind, source, target, edges, edges_of_second, kept,
  CASE WHEN edges > 0 THEN toFloat(kept) / edges END AS share_kept, weight, weight_of_second
ORDER BY kind DESC, source, target
