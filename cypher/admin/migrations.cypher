// purpose: The migrations that ran on this graph.
// columns: name, checksum, applied_at
MATCH (m:Migration)
RETURN m.name AS name, m.checksum AS checksum, m.applied_at AS applied_at
ORDER BY name
