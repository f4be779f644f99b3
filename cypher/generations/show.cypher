// purpose: One generation with its settings and its merge weights for each domain.
// parameters: number INTEGER
// columns: number, state, created_at, edges, encoder_version, encoder, metrics, settings, choices, fingerprint, merge,
//   reason, seconds, peak_mb
MATCH (g:Generation {number: $number})
RETURN g.number AS number, g.state AS state, toString(g.created_at) AS created_at,
  coalesce(g.edges, 0) AS edges, g.encoder_version AS encoder_version,
  COLLECT { MATCH (e:Encoder {version: g.encoder_version}) RETURN e.name }[0] AS encoder,
  g.reason AS reason, g.seconds AS seconds, g.peak_mb AS peak_mb, g.metrics AS metrics, g.settings AS settings, coalesce(g.choices, 'null') AS choices, g.fingerprint AS fingerprint,
  COLLECT { MATCH (g)-[m:MERGES]->(d:Domain) RETURN m {.*, domain: d.name} ORDER BY d.name } AS merge
