// purpose: The active generation, its age, and whether tables are loaded that it was not trained on.
//   Loading the same tables again does not count as other tables.
// cost: point
// columns:
//   number number of the generation
//   edges number of its edges
//   age its age in seconds
//   other_tables whether other tables are loaded
MATCH (g:Generation {state: 'active'})
RETURN g.number AS number, g.edges AS edges, duration.inSeconds(g.created_at, datetime()).seconds AS age,
  EXISTS { MATCH (d:Dataset) WHERE NOT d.fingerprint IN coalesce(g.tables, []) } AS other_tables
