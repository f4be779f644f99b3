// purpose: Each domain with its items, how many of them are liked, and the learned edges into them.
// columns: domain, items, liked the items that somebody likes, likes, edges of the active generation that lead to an
//   item of the domain from items of others, reached the items that such an edge leads to
OPTIONAL MATCH (g:Generation {state: 'active'})
WITH g.number AS generation
MATCH (d:Domain)
CALL (d, generation) {
  MATCH (i:Item {domain: d.name})
  WITH i, COUNT { (i)<-[e:TRANSFERS_TO]-(:Item) WHERE e.generation = generation } AS edges
  RETURN count(i) AS items, count(CASE WHEN i.likes > 0 THEN 1 END) AS liked, sum(coalesce(i.likes, 0)) AS likes,
         sum(edges) AS edges, count(CASE WHEN edges > 0 THEN 1 END) AS reached
}
RETURN d.name AS domain, items, liked, likes, edges, reached
ORDER BY items DESC, domain
