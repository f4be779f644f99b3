// purpose: The active encoder version, its age, and how many items and texts have no embedding of it.
// cost: scan
// columns:
//   version number of the version
//   encoder name of the encoder
//   fingerprint fingerprint of its files
//   age its age in seconds
//   items number of items without an embedding
//   texts number of texts without an embedding
MATCH (e:Encoder {state: 'active'})
RETURN e.version AS version, e.name AS encoder, e.fingerprint AS fingerprint,
  duration.inSeconds(e.created_at, datetime()).seconds AS age,
  COUNT { MATCH (i:Item)
          WHERE (i.title <> '' OR i.text <> '')
            AND NOT EXISTS { (i)-[:ENCODED_AS]->(:ItemVector {version: e.version}) } } AS items,
  COUNT { MATCH (t:Text)
          WHERE NOT EXISTS { (t)-[:ENCODED_AS]->(:TextVector {version: e.version}) } } AS texts
