// purpose: The tables that were loaded, newest first.
// columns: path, fingerprint, readings
MATCH (d:Dataset)
RETURN d.path AS path, d.fingerprint AS fingerprint, d.readings AS readings
ORDER BY d.loaded_at DESC
