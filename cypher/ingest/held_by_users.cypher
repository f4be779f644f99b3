// purpose: Users in pages by id with what the graph has of them in some domains, to find what tables lack. Live events
//   are counted; texts that are not from a table, or about an item of another domain, are left out.
// parameters: after STRING last id of the previous page, or ''; limit INTEGER; domains LIST of names
// columns: id, items LIST of keys, counts LIST of events of each, live LIST of how many of them are live, texts LIST of
//   ids, follows LIST of ids, accounts LIST of keys, ties the number of relationships that keep a user
MATCH (u:User)
WHERE u.id > $after
WITH u ORDER BY u.id LIMIT $limit
CALL (u) {
  MATCH (u)-[r:INTERACTED]->(i:Item)
  WHERE i.domain IN $domains
  RETURN collect(i.key) AS items, collect(coalesce(r.count, 1)) AS counts, collect(coalesce(r.live, 0)) AS live
}
RETURN u.id AS id, items, counts, live,
  COLLECT {
    MATCH (u)-[:WROTE]->(t:Text)
    WHERE t.tables IS NOT NULL AND (t.item IS NULL OR split(t.item, ':')[0] IN $domains)
    RETURN t.id
  } AS texts,
  COLLECT { MATCH (u)-[:FOLLOWS]->(v:User) RETURN v.id } AS follows,
  COLLECT { MATCH (u)<-[:OF]-(a:Account) RETURN a.key } AS accounts,
  COUNT { (u)-[:INTERACTED|WROTE]->() } + COUNT { (u)-[:FOLLOWS]-() } + COUNT { (u)<-[:OF]-() } AS ties
ORDER BY id
