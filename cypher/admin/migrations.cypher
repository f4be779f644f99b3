// purpose: The migrations that ran on this graph.
// cost: point
// columns:
//   name name of the migration
//   checksum SHA-256 of its file
//   applied_at time when it ran
MATCH (m:Migration)
RETURN m.name AS name, m.checksum AS checksum, m.applied_at AS applied_at
ORDER BY name
