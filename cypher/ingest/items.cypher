// purpose: Create or update items; an item whose title or text changed has no vectors until `isthmus encode` runs.
// parameters: rows LIST of {key, domain, item_id, title, text, categories, published_at}, published_at in
//   milliseconds since 1970
UNWIND $rows AS row
MERGE (i:Item {key: row.key})
ON CREATE SET i.domain = row.domain, i.item_id = row.item_id, i.popularity = 0.0
WITH i, row, i.title <> row.title OR coalesce(i.text, '') <> coalesce(row.text, '') AS changed
CALL (i, changed) {
  WITH i WHERE changed
  MATCH (i)-[:ENCODED_AS]->(v:ItemVector)
  DETACH DELETE v
}
SET i.title = row.title,
    i.text = row.text,
    i.categories = row.categories,
    i.published_at = CASE WHEN row.published_at IS NOT NULL THEN datetime({epochMillis: row.published_at}) END
WITH i, row
MATCH (d:Domain {name: row.domain})
MERGE (i)-[:IN_DOMAIN]->(d)
