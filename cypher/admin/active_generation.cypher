// purpose: The active generation, its age in seconds, and whether tables are loaded that it was not trained on.
//   Loading the same tables again does not count as other tables.
// columns: number, edges, age, other_tables
MATCH (g:Generation {state: 'active'})
RETURN g.number AS number, g.edges AS edges, duration.inSeconds(g.created_at, datetime()).seconds AS age,
  EXISTS { MATCH (d:Dataset) WHERE NOT d.fingerprint IN coalesce(g.tables, []) } AS other_tables
