// purpose: Record a text that a user wrote just now, with its vector and its interests; creates the user if necessary.
//   interests/derive_user_interests follows for this user in the same transaction. The user is locked first, as by all
//   writers; a known event changes nothing and creates no user.
// parameters: event STRING the idempotency key, or null; user STRING id; id STRING key of the text; language STRING, or
//   null; sha256 STRING of the words; text STRING the words, or null unless keep_text is on; now INTEGER the time in
//   milliseconds since 1970; vector LIST the embedding; polarity FLOAT of the text from -1 to 1; interests LIST of
//   {interest, weight, polarity}; version INTEGER of the encoder
// columns: id of the text, or no row where the event was recorded before
OPTIONAL MATCH (known:Event {id: $event})
WITH known WHERE known IS NULL
MERGE (u:User {id: $user})
SET u.held = true
REMOVE u.held
WITH u
CALL () {
  WITH 1 AS one WHERE $event IS NULL
  RETURN true AS fresh
UNION ALL
  WITH 1 AS one WHERE $event IS NOT NULL
  MERGE (e:Event {id: $event})
  ON CREATE SET e.at = datetime({epochMillis: $now}), e.fresh = true
  WITH e, e.fresh IS NOT NULL AS fresh
  REMOVE e.fresh
  RETURN fresh
}
WITH u WHERE fresh
MERGE (t:Text {id: $id})
SET t.language = $language, t.written_at = datetime({epochMillis: $now}), t.sha256 = $sha256, t.text = $text
MERGE (u)-[:WROTE]->(t)
MERGE (v:TextVector {text: $id, version: $version})
SET v.vector = $vector, v.polarity = $polarity
MERGE (t)-[:ENCODED_AS]->(v)
WITH u, t
CALL (u, t) {
  MATCH (e:Event {id: $event})
  SET e.text = t.id
  MERGE (u)-[:SENT]->(e)
}
WITH t
CALL (t) {
  UNWIND $interests AS a
  MATCH (n:Interest {id: a.interest, version: $version})
  MERGE (t)-[b:ABOUT]->(n)
  SET b.weight = a.weight, b.polarity = a.polarity
}
RETURN t.id AS id
