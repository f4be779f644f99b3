// purpose: Record the folder of tables that were loaded, from which texts that the graph does not store can be read
//   again, and how their columns were understood.
// parameters: path STRING; fingerprint STRING; readings STRING as JSON
MERGE (d:Dataset {path: $path})
SET d.fingerprint = $fingerprint, d.readings = $readings, d.loaded_at = datetime()
