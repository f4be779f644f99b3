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
MATCH (j:Item)
WITH g, j ORDER BY j.domain, coalesce(j.likes, 0.0) DESC, j.key
WITH g, j.domain AS domain, collect(j) AS items
UNWIND range(0, size(items) - 1) AS place
WITH g, domain, items[place] AS j, 1 + 3 * place / size(items) AS third
CALL (g, j) {
  MATCH (j)<-[x:TRANSFERS_TO]-(:Item) WHERE x.generation = g.number
  RETURN count(x) AS edges, sum(x.weight) AS weight
}
WITH domain, third, count(j) AS items, sum(coalesce(j.likes, 0.0)) AS likes, toFloat(sum(edges)) AS edges, sum(weight) AS weight
WITH domain, collect({third: third, items: items, likes: likes, edges: edges, weight: weight}) AS rows,
  sum(likes) AS all_likes, sum(edges) AS all_edges, sum(weight) AS all_weight
UNWIND rows AS row
WITH domain, row, CASE WHEN all_likes > 0 THEN row.likes / all_likes ELSE 0.0 END AS share_of_likes,
  CASE WHEN all_edges > 0 THEN row.edges / all_edges ELSE 0.0 END AS share_of_edges,
  CASE WHEN all_weight > 0 THEN row.weight / all_weight ELSE 0.0 END AS share_of_weight
RETURN domain, row.third AS third, row.items AS items, share_of_likes, share_of_edges, share_of_weight,
  CASE WHEN share_of_likes > 0 THEN share_of_weight / share_of_likes END AS bias
ORDER BY domain, third
