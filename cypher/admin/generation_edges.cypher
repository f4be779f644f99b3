// purpose: The edges of each generation by kind, with the mean of their weights.
// cost: global
// parameters:
//   generation INTEGER number of a generation, or null for each; default null
// columns:
//   generation number of the generation
//   state active, retired, candidate or deleting; null for edges of none
//   kind what the edges join: item to item of another domain, item to item of its domain, interest to item, domain to item
//   edges number of edges
//   weight mean of their weights
CALL () {
  MATCH (:Item)-[x:TRANSFERS_TO]->() RETURN 'transfer' AS kind, x.generation AS generation, count(x) AS edges, avg(x.weight) AS weight
UNION ALL
  MATCH ()-[x:CO_LIKED]->() RETURN 'co_liked' AS kind, x.generation AS generation, count(x) AS edges, avg(x.weight) AS weight
UNION ALL
  MATCH (:Interest)-[x:TRANSFERS_TO]->() RETURN 'interest' AS kind, x.generation AS generation, count(x) AS edges, avg(x.weight) AS weight
UNION ALL
  MATCH (:Domain)-[x:TRANSFERS_TO]->() RETURN 'popularity' AS kind, x.generation AS generation, count(x) AS edges, avg(x.weight) AS weight
}
WITH kind, generation, edges, weight WHERE $generation IS NULL OR generation = $generation
OPTIONAL MATCH (g:Generation {number: generation})
RETURN generation, g.state AS state, kind, edges, weight
ORDER BY generation DESC, edges DESC, kind
