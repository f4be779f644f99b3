// purpose: How unequally likes and learned edges are spread over the items of each domain, as a Gini coefficient.
// cost: global
// columns:
//   domain name of the domain
//   items number of items
//   gini_of_likes Gini coefficient of the items' likes: 0 if all have as many, near 1 if one has all
//   gini_of_edges that of the weight of the edges that lead to each item from other domains, in the active generation
//   top_share_of_likes part of the likes that the tenth of the items with most of them have
//   top_share_of_edges part of the weight of the edges that lead to the tenth of the items with most of it
MATCH (g:Generation {state: 'active'})
CALL (g) {
  MATCH (j:Item)
  RETURN j, 0.0 AS weight
UNION ALL
  MATCH (:Item)-[x:TRANSFERS_TO]->(j) WHERE x.generation = g.number AND x.weight > 0
  RETURN j, sum(x.weight) AS weight
}
WITH j, sum(weight) AS weight
WITH j.domain AS domain, coalesce(j.likes, 0.0) AS likes, weight
CALL (*) { UNWIND [['likes', likes], ['edges', weight]] AS pair RETURN pair[0] AS kind, toFloat(pair[1]) AS value }
WITH domain, kind, value ORDER BY domain, kind, value
WITH domain, kind, collect(value) AS values, sum(value) AS total
WITH domain, kind, size(values) AS n, CASE WHEN total > 0 THEN
    reduce(sum = 0.0, k IN range(0, size(values) - 1) | sum + (2 * k + 1 - size(values)) * values[k]) / (size(values) * total) END AS gini,
  CASE WHEN total > 0 THEN reduce(sum = 0.0, x IN values[size(values) - (size(values) + 9) / 10..] | sum + x) / total END AS top
WITH domain, n AS items, max(CASE WHEN kind = 'likes' THEN gini END) AS gini_of_likes,
  max(CASE WHEN kind = 'edges' THEN gini END) AS gini_of_edges,
  max(CASE WHEN kind = 'likes' THEN top END) AS top_share_of_likes, max(CASE WHEN kind = 'edges' THEN top END) AS top_share_of_edges
RETURN domain, items, gini_of_likes, gini_of_edges, top_share_of_likes, top_share_of_edges
ORDER BY domain
