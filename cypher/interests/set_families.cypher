// purpose: Create or update interests that no item is about, only through interests that are part of them.
// parameters: rows LIST of {id, languages, names}
UNWIND $rows AS row
MERGE (n:Interest {id: row.id})
SET n.name = row.names[0], n.languages = row.languages, n.names = row.names
