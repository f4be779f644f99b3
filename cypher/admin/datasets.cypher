// purpose: The folders of tables that were loaded.
// cost: point
// columns:
//   path path of the folder
//   loaded_at time when it was loaded last
//   domains names of the domains that it is about
//   fingerprint fingerprint of its tables
//   trained_on whether the active generation was trained on these tables
MATCH (d:Dataset)
RETURN d.path AS path, toString(d.loaded_at) AS loaded_at, d.domains AS domains, d.fingerprint AS fingerprint,
  EXISTS { MATCH (g:Generation {state: 'active'}) WHERE d.fingerprint IN coalesce(g.tables, []) } AS trained_on
ORDER BY path, fingerprint
