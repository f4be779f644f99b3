// purpose: Write one node for each domain.
// parameters: names LIST of domain names
UNWIND $names AS name
MERGE (:Domain {name: name})
