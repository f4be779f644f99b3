// purpose: Write one node for each user.
// parameters: rows LIST of {user_id}
UNWIND $rows AS row
MERGE (:User {id: row.user_id})
