// purpose: What interests are made from: the categories and the embedding of each item, in pages by key.
// parameters: after STRING last key of the page before, or ''; limit INTEGER; version INTEGER of the encoder
// columns: id, title, categories, embedding
MATCH (i:Item)
WHERE i.key > $after
WITH i ORDER BY i.key LIMIT $limit
RETURN i.key AS id, i.title AS title, i.categories AS categories,
  COLLECT { MATCH (i)-[:ENCODED_AS]->(v:ItemVector {version: $version}) RETURN v.vector }[0] AS embedding
