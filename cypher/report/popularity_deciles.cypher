// purpose: The items of a domain in ten groups of equal size, the most liked first: their likes, the learned edges
//   that lead to them, and which of the given items are among them.
// parameters: domain STRING; items LIST of item ids
// columns: decile from 1, likes, edges, among LIST of the given items
OPTIONAL MATCH (g:Generation {state: 'active'})
WITH g.number AS generation
MATCH (i:Item {domain: $domain})
WITH generation, i ORDER BY coalesce(i.likes, 0) DESC, i.key
WITH generation, collect(i) AS items
UNWIND range(0, size(items) - 1) AS k
WITH generation, items[k] AS i, 1 + 10 * k / size(items) AS decile
WITH decile, i, COUNT { (i)<-[e:TRANSFERS_TO]-(:Item) WHERE e.generation = generation } AS edges
RETURN decile, sum(coalesce(i.likes, 0)) AS likes, sum(edges) AS edges,
       collect(CASE WHEN i.item_id IN $items THEN i.item_id END) AS among
ORDER BY decile
