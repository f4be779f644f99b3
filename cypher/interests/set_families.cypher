// purpose: Create or update parent interests of clusters, which have child interests and no items of their own.
// parameters: rows LIST of {id, languages, names}; version INTEGER of the encoder
UNWIND $rows AS row
MERGE (n:Interest {id: row.id, version: $version})
SET n.name = row.names[0], n.languages = row.languages, n.names = row.names
