// purpose: Generations, newest first.
// parameters: refused BOOLEAN whether to list those that the promotion gate refused, too
// columns: number, state, created_at, edges, encoder_version, metrics, reason, seconds, peak_mb
MATCH (g:Generation)
WHERE $refused OR g.state <> 'refused'
RETURN g.number AS number, g.state AS state, toString(g.created_at) AS created_at,
  coalesce(g.edges, 0) AS edges, g.encoder_version AS encoder_version,
  g.metrics AS metrics, g.reason AS reason, g.seconds AS seconds, g.peak_mb AS peak_mb
ORDER BY number DESC
