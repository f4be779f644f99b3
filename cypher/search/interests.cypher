// purpose: Interests by a part of a name in any language, or of their id, those with most items first.
// parameters: part STRING in lower case; n INTEGER
// columns: interest, name, names, languages, items
MATCH (e:Encoder {state: 'active'})
MATCH (n:Interest {version: e.version})
WHERE any(name IN [n.name, n.id] + coalesce(n.names, []) WHERE toLower(name) CONTAINS $part)
WITH n, COUNT { (n)<-[:ABOUT]-(:Item) } AS items
RETURN n.id AS interest, n.name AS name, coalesce(n.names, []) AS names, coalesce(n.languages, []) AS languages, items
ORDER BY items DESC, n.id LIMIT $n
