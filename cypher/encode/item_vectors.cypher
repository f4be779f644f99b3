// purpose: The vectors of items in pages by key; null for an item that has none.
// parameters: version INTEGER of the encoder; domain STRING, or null for all; after STRING last key of the previous
//   page, or ''; limit INTEGER
// columns: id, domain, item_id, vector
MATCH (i:Item)
WHERE i.key > $after AND ($domain IS NULL OR i.domain = $domain)
WITH i ORDER BY i.key LIMIT $limit
RETURN i.key AS id, i.domain AS domain, i.item_id AS item_id,
  COLLECT { MATCH (i)-[:ENCODED_AS]->(v:ItemVector {version: $version}) RETURN v.vector }[0] AS vector
