// purpose: Items with the same title, ignoring case and blanks, within a domain or in several.
// cost: scan
// parameters:
//   domain STRING only titles with an item of this domain, or null for all; default null
//   most INTEGER maximum number of rows; default 20
// columns:
//   title title of the item with most likes
//   items number of items with it
//   keys their keys, those with most likes first
//   domains number of domains in which it occurs
//   people number of interactions with each of them
MATCH (i:Item)
WHERE i.title <> ''
WITH i ORDER BY coalesce(i.likes, 0.0) DESC, i.key
WITH replace(toLower(i.title), ' ', '') AS same, collect(i) AS items
WHERE size(items) > 1 AND ($domain IS NULL OR any(i IN items WHERE i.domain = $domain))
UNWIND items AS i
WITH same, items, i, COUNT { (i)<-[:INTERACTED]-() } AS people
WITH same, items[0].title AS title, collect(i.key) AS keys, count(DISTINCT i.domain) AS domains, collect(people) AS people
RETURN title, size(keys) AS items, keys, domains, people
ORDER BY items DESC, keys[0] LIMIT $most
