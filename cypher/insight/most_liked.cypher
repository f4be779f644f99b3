// purpose: The items that are liked most, recent likes counting more.
// cost: scan
// parameters:
//   domain STRING name of a domain, or null for all; default null
//   most INTEGER maximum number of rows; default 20
// columns:
//   domain domain of the item
//   item_id its id
//   title its title
//   likes its likes, each halved for each half-life of its age
//   popularity its popularity in its domain, from 0 to 1
//   people number of users with an interaction
MATCH (i:Item)
WHERE $domain IS NULL OR i.domain = $domain
WITH i ORDER BY coalesce(i.likes, 0.0) DESC, i.key LIMIT $most
RETURN i.domain AS domain, i.item_id AS item_id, i.title AS title, coalesce(i.likes, 0.0) AS likes,
  i.popularity AS popularity, COUNT { (i)<-[:INTERACTED]-() } AS people
ORDER BY likes DESC, i.key
