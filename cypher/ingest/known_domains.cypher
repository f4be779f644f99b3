// purpose: The domains that the tables of each folder were about in any load since the last that replaced.
// columns: path, domains
MATCH (d:Dataset)
RETURN d.path AS path, coalesce(d.domains, []) AS domains
ORDER BY path
