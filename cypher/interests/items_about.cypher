// purpose: The items about an interest, the most popular first.
// cost: scan
// parameters:
//   interest STRING name of the interest in any language, or its id; example "science fiction"
//   domain STRING domain of the items, or null for all; default null
//   most INTEGER maximum number of rows; default 20
// columns:
//   domain domain of the item
//   item_id id of the item
//   title its title
//   about how much it is about the interest, from 0 to 1
//   popularity its popularity in its domain, from 0 to 1
//   interactions number of users with an interaction
MATCH (e:Encoder {state: 'active'})
MATCH (n:Interest {version: e.version})
WHERE n.id = $interest OR toLower(n.name) = toLower($interest)
  OR any(name IN coalesce(n.names, []) WHERE toLower(name) = toLower($interest))
MATCH (i:Item)-[b:ABOUT]->(n)
WHERE $domain IS NULL OR i.domain = $domain
WITH i, max(b.weight) AS about ORDER BY i.popularity DESC, i.key LIMIT $most
RETURN i.domain AS domain, i.item_id AS item_id, i.title AS title, about, i.popularity AS popularity,
  COUNT { (i)<-[:INTERACTED]-() } AS interactions
ORDER BY popularity DESC, domain, item_id
