// purpose: All encoder versions, newest first, with the active and retired generations that use them.
// columns: version, state, name, dimensions, fingerprint, created_at, generations
MATCH (e:Encoder)
RETURN e.version AS version, e.state AS state, e.name AS name, e.dimensions AS dimensions,
  e.fingerprint AS fingerprint, toString(e.created_at) AS created_at,
  COLLECT { MATCH (g:Generation {encoder_version: e.version}) WHERE g.state IN ['active', 'retired']
            RETURN g.number ORDER BY g.number } AS generations
ORDER BY version DESC
