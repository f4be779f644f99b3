// purpose: The generation that answers, how many seconds ago it was made, and whether tables came after it.
// columns: number, edges, age, newer_tables
MATCH (g:Generation {state: 'active'})
RETURN g.number AS number, g.edges AS edges, duration.inSeconds(g.created_at, datetime()).seconds AS age,
  EXISTS { MATCH (d:Dataset) WHERE d.loaded_at > g.created_at } AS newer_tables
