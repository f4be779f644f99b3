// purpose: Properties that hold numbers which are none or infinite, of nodes and of relationships; there should be none.
// cost: global
// columns:
//   kind label of the node or type of the relationship
//   name name of the property
//   count number of such numbers
CALL () {
  MATCH (n) RETURN labels(n)[0] AS kind, properties(n) AS p
UNION ALL
  MATCH ()-[r]->() RETURN type(r) AS kind, properties(r) AS p
}
UNWIND keys(p) AS name
WITH kind, name, p[name] AS value
UNWIND CASE WHEN value IS :: LIST<ANY> THEN value ELSE [value] END AS x
WITH kind, name, x WHERE x IS :: FLOAT AND (isNaN(x) OR abs(x) > 1.7976931348623157e308)
RETURN kind, name, count(*) AS count
ORDER BY kind, name
