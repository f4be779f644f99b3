// purpose: The active encoder version, its age in seconds, and how many items and texts have no embedding of it.
// columns: version, encoder, fingerprint, age, items, texts
MATCH (e:Encoder {state: 'active'})
RETURN e.version AS version, e.name AS encoder, e.fingerprint AS fingerprint,
  duration.inSeconds(e.created_at, datetime()).seconds AS age,
  COUNT { MATCH (i:Item)
          WHERE (i.title <> '' OR i.text <> '')
            AND NOT EXISTS { (i)-[:ENCODED_AS]->(:ItemVector {version: e.version}) } } AS items,
  COUNT { MATCH (t:Text)
          WHERE NOT EXISTS { (t)-[:ENCODED_AS]->(:TextVector {version: e.version}) } } AS texts
