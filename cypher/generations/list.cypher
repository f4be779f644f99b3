// purpose: All generations, newest first.
// columns: number, state, created_at, edges, encoder_version, metrics
MATCH (g:Generation)
RETURN g.number AS number, g.state AS state, toString(g.created_at) AS created_at,
  coalesce(g.edges, 0) AS edges, g.encoder_version AS encoder_version,
  g.metrics AS metrics
ORDER BY number DESC
