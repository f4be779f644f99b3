// purpose: Write one node for each user.
// parameters: rows LIST of {user_id}
// columns: new and changed, the numbers of such users; a user has nothing that could change
UNWIND $rows AS row
WITH row, NOT EXISTS { (:User {id: row.user_id}) } AS new
MERGE (:User {id: row.user_id})
RETURN count(CASE WHEN new THEN 1 END) AS new, 0 AS changed
