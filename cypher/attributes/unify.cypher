// purpose: Give all values of an attribute one type, text or list, where loads brought different ones.
// parameters: label STRING Item or User; name STRING property; type STRING text or list
CALL () {
  WITH $label AS label WHERE label = 'Item'
  MATCH (n:Item)
  RETURN n
UNION ALL
  WITH $label AS label WHERE label = 'User'
  MATCH (n:User)
  RETURN n
}
WITH n, n[$name] AS value WHERE value IS NOT NULL
WITH n, value ORDER BY n.key, n.id
CALL (n, value) {
  SET n[$name] = CASE
    WHEN $type = 'text' THEN toString(value)
    WHEN value IS :: LIST<ANY> THEN value
    ELSE [toString(value)] END
} IN TRANSACTIONS OF 2000 ROWS
