// purpose: Some different values of an attribute, as texts; of lists, what they hold.
// parameters: label STRING Item or User; name STRING property; most INTEGER maximum number of values
// columns: values
CALL () {
  WITH $label AS label WHERE label = 'Item'
  MATCH (n:Item)
  RETURN n
UNION ALL
  WITH $label AS label WHERE label = 'User'
  MATCH (n:User)
  RETURN n
}
UNWIND n[$name] AS value
WITH DISTINCT toString(value) AS value LIMIT $most
ORDER BY value
RETURN collect(value) AS values
