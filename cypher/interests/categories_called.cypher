// purpose: What the categories of items are called that have a name in any language, all in lower case.
// parameters: name STRING of a category in a language, in lower case
// columns: name
CALL () {
  MATCH (e:Encoder {state: 'active'})
  MATCH (n:Interest {version: e.version})
  WHERE n.id STARTS WITH 'category:'
  RETURN [substring(n.id, 9)] + [name IN coalesce(n.names, []) | toLower(name)] AS names
UNION ALL
  MATCH (c:CategoryName)
  WITH c.category AS category, collect(toLower(c.name)) AS names
  RETURN [category] + names AS names
}
WITH names WHERE $name IN names
UNWIND names AS name
RETURN DISTINCT name ORDER BY name
