// purpose: Some items, what a user did with them and which interests they are about, named in a language.
// parameters: user STRING id, or null for none; keys LIST of keys of items; language STRING such as 'en'
// columns: key, domain, item_id, title, weight of the user's interaction (null without one), at its date, likes of
//   everybody, interests LIST of {id, name}
OPTIONAL MATCH (encoder:Encoder {state: 'active'})
UNWIND $keys AS key
MATCH (i:Item {key: key})
OPTIONAL MATCH (:User {id: $user})-[r:INTERACTED]->(i)
RETURN i.key AS key, i.domain AS domain, i.item_id AS item_id, i.title AS title, r.weight AS weight,
  toString(date(r.last_at)) AS at, i.likes AS likes, COLLECT {
    MATCH (i)-[b:ABOUT]->(n:Interest {version: encoder.version})
    WITH n, b, range(0, size(coalesce(n.languages, [])) - 1) AS places
    ORDER BY b.weight DESC, n.id
    RETURN {id: n.id, name: coalesce([k IN places WHERE n.languages[k] = $language | n.names[k]][0], n.name)}
  } AS interests
