// purpose: Mark the inactive encoder versions that no generation uses, so that nothing reads them while their vectors
//   are deleted.
// columns: version
MATCH (e:Encoder)
WHERE e.state IN ['candidate', 'retired', 'deleting']
  AND NOT EXISTS { MATCH (:Generation {encoder_version: e.version}) }
SET e.state = 'deleting'
RETURN e.version AS version
