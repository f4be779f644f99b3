// purpose: Items in pages by key, for training.
// parameters: after STRING last key of the previous page, or ''; limit INTEGER; version INTEGER of the encoder
// columns: id, domain, embedding, about
MATCH (i:Item)
WHERE i.key > $after
WITH i ORDER BY i.key LIMIT $limit
RETURN i.key AS id, i.domain AS domain,
  COLLECT { MATCH (i)-[:ENCODED_AS]->(v:ItemVector {version: $version}) RETURN v.vector }[0] AS embedding,
  COLLECT { MATCH (i)-[b:ABOUT]->(n:Interest {version: $version}) RETURN [n.id, b.weight] } AS about
