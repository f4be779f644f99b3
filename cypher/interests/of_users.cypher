// purpose: The interests of some users, strongest first, with what they are derived from.
// parameters: users LIST of ids; language STRING such as 'en', of the names where they have one in it
// columns: user, interests
MATCH (e:Encoder {state: 'active'})
UNWIND $users AS id
MATCH (u:User {id: id})
RETURN u.id AS user, COLLECT {
  MATCH (u)-[s:INTERESTED_IN]->(n:Interest {version: e.version})
  WITH s, n, range(0, size(coalesce(n.languages, [])) - 1) AS places
  RETURN {interest: n.id,
          name: coalesce([k IN places WHERE n.languages[k] = $language | n.names[k]][0], n.name),
          weight: s.weight, written: coalesce(s.written, 0.0), likes: coalesce(s.likes, 0),
          dislikes: coalesce(s.dislikes, 0), texts: coalesce(s.texts, 0),
          first_at: toString(s.first_at), last_at: toString(s.last_at)}
  ORDER BY s.weight DESC, n.id
} AS interests
