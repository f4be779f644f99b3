// purpose: The items to which the learned edges of an interest lead, strongest first.
// cost: scan
// parameters:
//   interest STRING name of the interest in any language, or its id; example "science fiction"
//   domain STRING domain of the items, or null for all; default null
//   most INTEGER maximum number of rows; default 20
// columns:
//   domain domain of the item
//   item_id its id
//   title its title
//   weight weight of the edge
//   about whether the item is about the interest itself
MATCH (g:Generation {state: 'active'})
MATCH (n:Interest {version: g.encoder_version})
WHERE n.id = $interest OR toLower(n.name) = toLower($interest)
  OR any(name IN coalesce(n.names, []) WHERE toLower(name) = toLower($interest))
MATCH (n)-[x:TRANSFERS_TO]->(j:Item)
WHERE x.generation = g.number AND ($domain IS NULL OR j.domain = $domain)
WITH n, j, x.weight AS weight ORDER BY weight DESC, j.key LIMIT $most
RETURN j.domain AS domain, j.item_id AS item_id, j.title AS title, weight, EXISTS { (n)<-[:ABOUT]-(j) } AS about
ORDER BY weight DESC, domain, item_id
