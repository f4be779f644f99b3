// purpose: The names of some interests, in a language where they have one in it.
// parameters: version INTEGER of the encoder; interests LIST of ids; language STRING such as 'en'
// columns: id, name
UNWIND $interests AS id
MATCH (n:Interest {id: id, version: $version})
WITH n, range(0, size(coalesce(n.languages, [])) - 1) AS places
RETURN n.id AS id, coalesce([k IN places WHERE n.languages[k] = $language | n.names[k]][0], n.name) AS name
