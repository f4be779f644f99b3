// purpose: Items in pages by key, with the categories and the embedding that interests are built from, and their
//   existing interests.
// parameters: after STRING last key of the previous page, or ''; limit INTEGER; version INTEGER of the encoder;
//   known INTEGER encoder version of the existing interests
// columns: id, title, categories, embedding, about
MATCH (i:Item)
WHERE i.key > $after
WITH i ORDER BY i.key LIMIT $limit
RETURN i.key AS id, i.title AS title, i.categories AS categories,
  COLLECT { MATCH (i)-[:ENCODED_AS]->(v:ItemVector {version: $version}) RETURN v.vector }[0] AS embedding,
  COLLECT { MATCH (i)-[:ABOUT]->(n:Interest {version: $known}) RETURN n.id } AS about
