// purpose: Record the folder of tables that were loaded, from which texts that the graph does not store can be read
//   again.
// parameters: path STRING; fingerprint STRING
MERGE (d:Dataset {path: $path})
SET d.fingerprint = $fingerprint, d.loaded_at = datetime()
