// purpose: The learned edges of an item: from where they lead to it, and where they lead from it.
// cost: point
// parameters:
//   item STRING key of the item, its domain and id with a colon between them; example "books:b0001"
//   most INTEGER maximum number of rows of each direction and kind; default 10
// columns:
//   direction out or in
//   kind transfer (TRANSFERS_TO) from or to another domain, co_liked (CO_LIKED), or interest (TRANSFERS_TO from an interest)
//   domain domain of the other item, or null for an interest
//   id id of the other item or of the interest
//   name title of the item or name of the interest
//   weight weight of the edge; below 0 it speaks against the item
MATCH (g:Generation {state: 'active'})
MATCH (i:Item {key: $item})
CALL (g, i) {
  MATCH (i)-[x:TRANSFERS_TO]->(j:Item) WHERE x.generation = g.number
  RETURN 1 AS place, 'out' AS direction, 'transfer' AS kind, j AS other, x.weight AS weight
  ORDER BY weight DESC, j.key LIMIT $most
UNION ALL
  MATCH (i)-[x:CO_LIKED]->(j:Item) WHERE x.generation = g.number
  RETURN 2 AS place, 'out' AS direction, 'co_liked' AS kind, j AS other, x.weight AS weight
  ORDER BY weight DESC, j.key LIMIT $most
UNION ALL
  MATCH (j:Item)-[x:TRANSFERS_TO]->(i) WHERE x.generation = g.number
  RETURN 3 AS place, 'in' AS direction, 'transfer' AS kind, j AS other, x.weight AS weight
  ORDER BY weight DESC, j.key LIMIT $most
UNION ALL
  MATCH (j:Item)-[x:CO_LIKED]->(i) WHERE x.generation = g.number
  RETURN 4 AS place, 'in' AS direction, 'co_liked' AS kind, j AS other, x.weight AS weight
  ORDER BY weight DESC, j.key LIMIT $most
UNION ALL
  MATCH (n:Interest)-[x:TRANSFERS_TO]->(i) WHERE x.generation = g.number
  RETURN 5 AS place, 'in' AS direction, 'interest' AS kind, n AS other, x.weight AS weight
  ORDER BY weight DESC, n.id LIMIT $most
}
RETURN direction, kind, other.domain AS domain, coalesce(other.item_id, other.id) AS id,
  coalesce(nullIf(other.title, ''), other.name, other.item_id) AS name, weight
ORDER BY place, weight DESC, id
