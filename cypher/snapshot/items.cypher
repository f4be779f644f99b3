// purpose: Items in pages by key, for training.
// parameters: after STRING last key of the page before, or ''; limit INTEGER
// columns: id, domain, embedding, about
MATCH (i:Item)
WHERE i.key > $after
WITH i ORDER BY i.key LIMIT $limit
RETURN i.key AS id, i.domain AS domain, i.embedding AS embedding,
  COLLECT { MATCH (i)-[b:ABOUT]->(n:Interest) RETURN [n.id, b.weight] } AS about
