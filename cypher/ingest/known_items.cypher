// purpose: The items of the graph that have one of these ids, to find the domain of an id.
// parameters: item_ids LIST of ids
// columns: item_id, domain
UNWIND $item_ids AS item_id
MATCH (i:Item {item_id: item_id})
RETURN i.item_id AS item_id, i.domain AS domain
