// purpose: The edges of a generation from domains to their items, for users without history, in pages by the name.
// parameters: generation INTEGER; after STRING last name of the previous page, or ''; limit INTEGER number of domains
// columns: id, edges pairs of the key of an item and a weight, strongest first
MATCH (d:Domain)
WHERE d.name > $after
WITH d ORDER BY d.name LIMIT $limit
RETURN d.name AS id, COLLECT {
  MATCH (d)-[e:TRANSFERS_TO {generation: $generation}]->(j:Item)
  RETURN [j.key, e.weight] ORDER BY e.weight DESC, j.key
} AS edges
