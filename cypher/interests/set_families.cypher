// purpose: Create or update interests that no item is about, only through interests that are part of them.
// parameters: rows LIST of {id, languages, names}; version INTEGER of the encoder
UNWIND $rows AS row
MERGE (n:Interest {id: row.id, version: $version})
SET n.name = row.names[0], n.languages = row.languages, n.names = row.names
