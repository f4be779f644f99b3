// purpose: Remove accounts on platforms.
// parameters: rows LIST of {key}
// columns: removed
UNWIND $rows AS row
MATCH (a:Account {key: row.key})
DETACH DELETE a
RETURN count(*) AS removed
