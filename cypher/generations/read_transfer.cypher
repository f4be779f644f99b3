// purpose: The learned edges of a generation between items of different domains, in pages by the key of the source.
// parameters: generation INTEGER; after STRING last key of the previous page, or ''; limit INTEGER number of sources
// columns: id, edges pairs of the key of an item and a weight, strongest first
MATCH (i:Item)
WHERE i.key > $after
WITH i ORDER BY i.key LIMIT $limit
RETURN i.key AS id, COLLECT {
  MATCH (i)-[e:TRANSFERS_TO {generation: $generation}]->(j:Item)
  RETURN [j.key, e.weight] ORDER BY e.weight DESC, j.key
} AS edges
