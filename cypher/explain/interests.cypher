// purpose: Some interests, named in a language, with what a user thinks of them.
// parameters: user STRING id, or null for none; interests LIST of ids; language STRING such as 'en'
// columns: id, name, weight and written of the user's INTERESTED_IN (null without it)
MATCH (encoder:Encoder {state: 'active'})
UNWIND $interests AS id
MATCH (n:Interest {id: id, version: encoder.version})
OPTIONAL MATCH (:User {id: $user})-[s:INTERESTED_IN]->(n)
WITH n, s, range(0, size(coalesce(n.languages, [])) - 1) AS places
RETURN n.id AS id, coalesce([k IN places WHERE n.languages[k] = $language | n.names[k]][0], n.name) AS name,
  s.weight AS weight, s.written AS written
