// purpose: Items that nobody has an interaction with, the newest first.
// cost: scan
// parameters:
//   domain STRING name of a domain, or null for all; default null
//   most INTEGER maximum number of rows; default 20
// columns:
//   domain domain of the item
//   item_id its id
//   title its title
//   published_at time of its publication, or null
//   interests names of its interests
//   recommended whether an edge of the active generation leads to it
OPTIONAL MATCH (g:Generation {state: 'active'})
OPTIONAL MATCH (e:Encoder {state: 'active'})
MATCH (i:Item)
WHERE ($domain IS NULL OR i.domain = $domain) AND NOT EXISTS { (i)<-[:INTERACTED]-() }
WITH g, e, i ORDER BY i.published_at IS NULL, i.published_at DESC, i.key LIMIT $most
RETURN i.domain AS domain, i.item_id AS item_id, i.title AS title, toString(i.published_at) AS published_at,
  COLLECT { MATCH (i)-[b:ABOUT]->(n:Interest {version: e.version}) RETURN n.name ORDER BY b.weight DESC, n.id } AS interests,
  EXISTS { (i)<-[x:TRANSFERS_TO|CO_LIKED]-() WHERE x.generation = g.number } AS recommended
ORDER BY i.published_at IS NULL, i.published_at DESC, i.key
