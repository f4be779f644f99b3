// purpose: Write texts of users with date, language and hash; their words are stored only if keep_text is on.
// parameters: rows LIST of {id, user_id, item_key, kind, language, written_at, sha256, text}, written_at
//   in milliseconds since 1970; tables STRING the folder that they came from
UNWIND $rows AS row
MATCH (u:User {id: row.user_id})
MERGE (t:Text {id: row.id})
SET t.kind = row.kind,
    t.language = row.language,
    t.written_at = CASE WHEN row.written_at IS NOT NULL THEN datetime({epochMillis: row.written_at}) END,
    t.sha256 = row.sha256,
    t.item = row.item_key,
    t.text = row.text,
    t.tables = $tables
MERGE (u)-[:WROTE]->(t)
