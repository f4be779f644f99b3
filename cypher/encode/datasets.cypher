// purpose: The tables that were loaded, newest first.
// columns: path, fingerprint
MATCH (d:Dataset)
RETURN d.path AS path, d.fingerprint AS fingerprint
ORDER BY d.loaded_at DESC
