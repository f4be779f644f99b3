// purpose: Which encoder made the embeddings, how many seconds ago it began, and what has none.
// columns: encoder, age, items, texts
OPTIONAL MATCH (e:Encoder)
RETURN e.name AS encoder, duration.inSeconds(e.created_at, datetime()).seconds AS age,
  COUNT { MATCH (i:Item) WHERE i.embedding IS NULL AND (i.title <> '' OR i.text <> '') } AS items,
  COUNT { MATCH (t:Text) WHERE t.embedding IS NULL } AS texts
