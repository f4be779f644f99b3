// purpose: The existing interests, so that those found again keep their ids and names.
// parameters: version INTEGER of the encoder
// columns: id, languages, names, parent
MATCH (n:Interest {version: $version})
RETURN n.id AS id, coalesce(n.languages, []) AS languages, coalesce(n.names, []) AS names,
  head([(n)-[:PART_OF]->(w:Interest) WHERE w.id STARTS WITH 'family:' | w.id]) AS parent
ORDER BY id
