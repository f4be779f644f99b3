// purpose: The names of some interests.
// parameters: version INTEGER of the encoder; interests LIST of ids
// columns: id, name
UNWIND $interests AS id
MATCH (n:Interest {id: id, version: $version})
RETURN n.id AS id, n.name AS name
