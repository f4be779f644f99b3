// purpose: The strongest learned edges between items of two domains, with the number of people who like both ends.
// cost: global
// parameters:
//   source STRING domain that the edges leave, or null for each; default null
//   target STRING domain that they lead to, or null for each; default null
//   most INTEGER maximum number of rows; default 20
//   k INTEGER minimum number of people who like both; default 1
// columns:
//   source domain of the item that the edge leaves
//   item_id its id
//   title its title
//   target domain of the item that the edge leads to
//   target_item_id its id
//   target_title its title
//   weight weight of the edge
//   people number of users who like both items
MATCH (g:Generation {state: 'active'})
// In a subquery the planner keeps the strongest only, and does not sort all edges.
CALL (g) {
  MATCH (i:Item)-[x:TRANSFERS_TO]->(j:Item)
  WHERE x.generation = g.number AND ($source IS NULL OR i.domain = $source) AND ($target IS NULL OR j.domain = $target)
  RETURN i, j, x.weight AS weight ORDER BY weight DESC, i.key, j.key LIMIT 5 * $most
}
WITH i, j, weight, COUNT { (i)<-[a:INTERACTED]-(:User)-[b:INTERACTED]->(j) WHERE a.weight > 0 AND b.weight > 0 } AS people
WHERE people >= $k
RETURN i.domain AS source, i.item_id AS item_id, i.title AS title, j.domain AS target, j.item_id AS target_item_id,
  j.title AS target_title, weight, people
ORDER BY weight DESC, i.key, j.key LIMIT $most
