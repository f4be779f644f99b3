// purpose: Items related to an item: those its learned edges lead to, those liked with it, and the nearest by vector.
// cost: scan
// parameters:
//   item STRING key of the item, its domain and id with a colon between them; example "books:b0001"
//   domain STRING domain of the related items, or null for all and, by vector, that of the item; default null
//   kinds LIST of the kinds that are wanted; by vector, all items of the domain are read;
//     default ["transfer", "co_liked", "vector"]
//   most INTEGER maximum number of rows of each kind; default 5
// columns:
//   kind transfer (TRANSFERS_TO), co_liked (CO_LIKED) or vector
//   domain domain of the related item
//   item_id its id
//   title its title
//   weight weight of the edge, or the similarity of the vectors from 0 to 1; higher is nearer, within a kind
MATCH (i:Item {key: $item})
CALL (i) {
  MATCH (g:Generation {state: 'active'})
  MATCH (i)-[x:TRANSFERS_TO]->(j:Item)
  WHERE 'transfer' IN $kinds AND x.generation = g.number AND ($domain IS NULL OR j.domain = $domain)
  RETURN 1 AS place, 'transfer' AS kind, j, x.weight AS weight ORDER BY weight DESC, j.key LIMIT $most
UNION ALL
  MATCH (g:Generation {state: 'active'})
  MATCH (i)-[x:CO_LIKED]->(j:Item)
  WHERE 'co_liked' IN $kinds AND x.generation = g.number AND ($domain IS NULL OR j.domain = $domain)
  RETURN 2 AS place, 'co_liked' AS kind, j, x.weight AS weight ORDER BY weight DESC, j.key LIMIT $most
UNION ALL
  WITH i WHERE 'vector' IN $kinds
  MATCH (e:Encoder {state: 'active'})
  MATCH (i)-[:ENCODED_AS]->(v:ItemVector {version: e.version})
  MATCH (j:Item {domain: coalesce($domain, i.domain)})-[:ENCODED_AS]->(w:ItemVector {version: e.version})
  WHERE j <> i
  RETURN 3 AS place, 'vector' AS kind, j, vector.similarity.cosine(v.vector, w.vector) AS weight
  ORDER BY weight DESC, j.key LIMIT $most
}
RETURN kind, j.domain AS domain, j.item_id AS item_id, j.title AS title, weight
ORDER BY place, weight DESC, j.key
