// purpose: Popularity bias: how the items of each third by popularity share in the likes and in the learned edges.
// cost: global
// columns:
//   domain name of the domain
//   third 1 for the most popular third of its items, 3 for the least popular
//   items number of items
//   share_of_likes their part of the domain's likes
//   share_of_edges their part of the edges of the active generation from items of other domains
//   share_of_weight their part of the weight of these edges
//   bias share_of_weight divided by share_of_likes; above 1 the edges lead there more than people like
MATCH (g:Generation {state: 'active'})
CALL (g) {
  MATCH (j:Item)
  RETURN j, 0 AS edges, 0.0 AS weight
UNION ALL
  MATCH (:Item)-[x:TRANSFERS_TO]->(j) WHERE x.generation = g.number
  RETURN j, count(x) AS edges, sum(x.weight) AS weight
}
WITH j, sum(edges) AS edges, sum(weight) AS weight ORDER BY j.domain, coalesce(j.likes, 0.0) DESC, j.key
WITH j.domain AS domain, collect({likes: coalesce(j.likes, 0.0), edges: edges, weight: weight}) AS items
UNWIND range(0, size(items) - 1) AS place
WITH domain, items[place] AS each, 1 + 3 * place / size(items) AS third
WITH domain, third, count(each) AS items, sum(each.likes) AS likes, toFloat(sum(each.edges)) AS edges, sum(each.weight) AS weight
WITH domain, collect({third: third, items: items, likes: likes, edges: edges, weight: weight}) AS rows,
  sum(likes) AS all_likes, sum(edges) AS all_edges, sum(weight) AS all_weight
UNWIND rows AS row
WITH domain, row, CASE WHEN all_likes > 0 THEN row.likes / all_likes ELSE 0.0 END AS share_of_likes,
  CASE WHEN all_edges > 0 THEN row.edges / all_edges ELSE 0.0 END AS share_of_edges,
  CASE WHEN all_weight > 0 THEN row.weight / all_weight ELSE 0.0 END AS share_of_weight
RETURN domain, row.third AS third, row.items AS items, share_of_likes, share_of_edges, share_of_weight,
  CASE WHEN share_of_likes > 0 THEN share_of_weight / share_of_likes END AS bias
ORDER BY domain, third
