// purpose: Store what the values of attributes are.
// parameters: rows LIST of {label, name, type, nodes, low, high, values, complete}
UNWIND $rows AS row
MATCH (a:Attribute {key: row.label + '.' + row.name})
SET a.type = row.type, a.nodes = row.nodes, a.low = row.low, a.high = row.high, a.values = row.values,
    a.complete = row.complete
