// purpose: The learned edges of a generation from interests to items, in pages by the id of the interest.
// parameters: generation INTEGER; after STRING last id of the previous page, or ''; limit INTEGER number of interests
// columns: id, edges pairs of the key of an item and a weight, strongest first
MATCH (g:Generation {number: $generation})
MATCH (n:Interest {version: g.encoder_version})
WHERE n.id > $after
WITH n ORDER BY n.id LIMIT $limit
RETURN n.id AS id, COLLECT {
  MATCH (n)-[e:TRANSFERS_TO {generation: $generation}]->(j:Item)
  RETURN [j.key, e.weight] ORDER BY e.weight DESC, j.key
} AS edges
