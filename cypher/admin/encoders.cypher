// purpose: The encoder versions, newest first, with what is encoded by each.
// cost: scan
// columns:
//   version number of the version
//   state active, retired, candidate, deleting or deleted
//   name name of the encoder
//   dimensions number of dimensions of its vectors
//   created_at time when it was first used
//   item_vectors number of items with a vector of it
//   text_vectors number of texts with a vector of it
//   interests number of its interests
MATCH (e:Encoder)
RETURN e.version AS version, e.state AS state, e.name AS name, e.dimensions AS dimensions,
  toString(e.created_at) AS created_at, COUNT { (:ItemVector {version: e.version}) } AS item_vectors,
  COUNT { (:TextVector {version: e.version}) } AS text_vectors, COUNT { (:Interest {version: e.version}) } AS interests
ORDER BY version DESC
