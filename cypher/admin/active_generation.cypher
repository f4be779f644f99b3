// purpose: The generation that answers, how many seconds ago it was made, and whether tables are loaded that
//   it was not learned from. The same tables loaded again are not.
// columns: number, edges, age, other_tables
MATCH (g:Generation {state: 'active'})
RETURN g.number AS number, g.edges AS edges, duration.inSeconds(g.created_at, datetime()).seconds AS age,
  EXISTS { MATCH (d:Dataset) WHERE NOT d.fingerprint IN coalesce(g.tables, []) } AS other_tables
