// purpose: Take back a text that was recorded with an id: remove it with its vectors, and mark its event, whose id stays
//   known so that it is not recorded again. interests/derive_user_interests follows in the same transaction.
// parameters: event STRING hash of its idempotency key
MATCH (:User)-[sent:SENT]->(e:Event {id: $event})
OPTIONAL MATCH (t:Text {id: e.text})
OPTIONAL MATCH (t)-[:ENCODED_AS]->(v:TextVector)
SET e = {id: e.id, at: e.at, undone: datetime()}
DELETE sent
DETACH DELETE v, t
