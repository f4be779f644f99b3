// purpose: Remember which tables were loaded, to read texts again that the graph does not keep.
// parameters: path STRING; fingerprint STRING
MERGE (d:Dataset {path: $path})
SET d.fingerprint = $fingerprint, d.loaded_at = datetime()
