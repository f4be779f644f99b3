// purpose: Write texts of users with date, language and hash; their words are stored only if keep_text is on.
// parameters: rows LIST of {id, user_id, item_key, kind, language, written_at, sha256, text}, written_at
//   in milliseconds since 1970; tables STRING the folder that they came from
// columns: new and changed, the numbers of such texts; the id of a text depends on its user, item, date and words, so
//   that only its kind, language and whether its words are stored can change
UNWIND $rows AS row
MATCH (u:User {id: row.user_id})
MERGE (t:Text {id: row.id})
WITH u, t, row, t.sha256 IS NULL AS new
WITH u, t, row, new, NOT new AND (coalesce(t.kind, '') <> coalesce(row.kind, '')
  OR coalesce(t.language, '') <> coalesce(row.language, '') OR coalesce(t.text, '') <> coalesce(row.text, '')) AS changed
SET t.kind = row.kind,
    t.language = row.language,
    t.written_at = CASE WHEN row.written_at IS NOT NULL THEN datetime({epochMillis: row.written_at}) END,
    t.sha256 = row.sha256,
    t.item = row.item_key,
    t.text = row.text,
    t.tables = $tables
MERGE (u)-[:WROTE]->(t)
RETURN count(CASE WHEN new THEN 1 END) AS new, count(CASE WHEN changed THEN 1 END) AS changed
