// purpose: Items of a domain whose texts say almost the same: the nearest by vector of its most liked items.
// cost: scan
// parameters:
//   domain STRING domain of the items, or null for all; default null
//   similarity FLOAT minimum similarity, from 0 to 1, where 1 is the same text; default 0.98
//   checked INTEGER number of most liked items whose nearest are searched; default 20
//   most INTEGER maximum number of rows; default 20
// columns:
//   domain domain of both items
//   similarity similarity of their vectors
//   item_id id of the first
//   title its title
//   other_item_id id of the other
//   other_title its title
//   people number of users with an interaction with both
MATCH (e:Encoder {state: 'active'})
CALL () {
  MATCH (i:Item) WHERE $domain IS NULL OR i.domain = $domain
  WITH i ORDER BY coalesce(i.likes, 0.0) DESC, i.key LIMIT $checked
  RETURN i
}
MATCH (i)-[:ENCODED_AS]->(v:ItemVector {version: e.version})
WITH e, i.domain AS domain, collect({i: i, vector: v.vector}) AS popular
MATCH (j:Item {domain: domain})-[:ENCODED_AS]->(w:ItemVector {version: e.version})
WITH popular, j, w.vector AS vector
UNWIND popular AS each
WITH each.i AS i, j, vector.similarity.cosine(each.vector, vector) AS similarity
WHERE similarity >= $similarity AND i <> j
WITH CASE WHEN i.key < j.key THEN i ELSE j END AS a, CASE WHEN i.key < j.key THEN j ELSE i END AS b, max(similarity) AS similarity
ORDER BY similarity DESC, a.key, b.key LIMIT $most
RETURN a.domain AS domain, similarity, a.item_id AS item_id, a.title AS title, b.item_id AS other_item_id, b.title AS other_title,
  COUNT { (a)<-[:INTERACTED]-()-[:INTERACTED]->(b) } AS people
ORDER BY similarity DESC, a.key, b.key
