// purpose: How many nodes have each attribute, by the type of its values, with the lowest and the highest.
// parameters: label STRING Item or User; names LIST of properties
// columns: name, type, nodes, low, high
CALL () {
  WITH $label AS label WHERE label = 'Item'
  MATCH (n:Item)
  RETURN n
UNION ALL
  WITH $label AS label WHERE label = 'User'
  MATCH (n:User)
  RETURN n
}
UNWIND $names AS name
WITH name, n[name] AS value WHERE value IS NOT NULL
WITH name, value, CASE
  WHEN value IS :: BOOLEAN THEN 'boolean'
  WHEN value IS :: INTEGER | FLOAT THEN 'number'
  WHEN value IS :: ZONED DATETIME THEN 'datetime'
  WHEN value IS :: STRING THEN 'text'
  ELSE 'list' END AS type
RETURN name, type, count(*) AS nodes, toString(min(CASE WHEN type IN ['number', 'datetime'] THEN value END)) AS low,
  toString(max(CASE WHEN type IN ['number', 'datetime'] THEN value END)) AS high
ORDER BY name, type
