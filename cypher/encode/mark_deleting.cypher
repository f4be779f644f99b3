// purpose: Mark the inactive encoder versions that no generation uses, so that nothing reads them while their vectors
//   are deleted.
// columns: version
MATCH (e:Encoder)
WHERE e.state IN ['candidate', 'retired', 'deleting']
  AND NOT EXISTS { MATCH (g:Generation {encoder_version: e.version}) WHERE g.state <> 'refused' }
SET e.state = 'deleting'
RETURN e.version AS version
