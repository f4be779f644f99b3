// purpose: Take encoder versions that no generation uses out of what can be read, before their vectors go.
// columns: version
MATCH (e:Encoder)
WHERE e.state IN ['candidate', 'retired', 'deleting']
  AND NOT EXISTS { MATCH (:Generation {encoder_version: e.version}) }
SET e.state = 'deleting'
RETURN e.version AS version
