// purpose: All domains.
// columns: name
MATCH (d:Domain)
RETURN d.name AS name
ORDER BY name
