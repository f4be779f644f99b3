// purpose: The items among these ids that the graph knows, to tell which domain an id means.
// parameters: item_ids LIST of ids
// columns: item_id, domain
UNWIND $item_ids AS item_id
MATCH (i:Item {item_id: item_id})
RETURN i.item_id AS item_id, i.domain AS domain
