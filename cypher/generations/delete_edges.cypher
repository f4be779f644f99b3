// purpose: Delete the edges of a generation that leave the next items, in the order of their keys.
// parameters: number INTEGER; after STRING last key of the previous step, or ''; limit INTEGER number of items
// columns: id the last key, edges number of deleted edges; no row where no item is left
MATCH (i:Item)
WHERE i.key > $after
WITH i ORDER BY i.key LIMIT $limit
CALL (i) {
  MATCH (i)-[e:TRANSFERS_TO|CO_LIKED]->()
  WHERE e.generation = $number
  DELETE e
  RETURN count(*) AS deleted
}
WITH max(i.key) AS id, sum(deleted) AS edges
WHERE id IS NOT NULL
RETURN id, edges
