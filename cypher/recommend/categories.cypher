// purpose: The categories of items.
// parameters: items LIST of keys
// columns: key, categories
UNWIND $items AS key
MATCH (j:Item {key: key})
RETURN key, coalesce(j.categories, []) AS categories
