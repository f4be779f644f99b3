// purpose: The attributes of items and users, as `isthmus schema` lists them: the column that each was read from, its
//   type, how many nodes have it, the lowest and highest number or date, and values: all of them, or some examples.
// columns: label, name, column, type, nodes, low, high, values, complete
MATCH (a:Attribute)
RETURN a.label AS label, a.name AS name, a.column AS column, a.type AS type, coalesce(a.nodes, 0) AS nodes,
  a.low AS low, a.high AS high, coalesce(a.values, []) AS values, coalesce(a.complete, false) AS complete
ORDER BY label, nodes DESC, name
