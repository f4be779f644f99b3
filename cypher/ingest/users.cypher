// purpose: Write one node for each user, with the attributes that its row has.
// parameters: rows LIST of {user_id, attributes}, attributes being a map, with times in milliseconds since 1970, or null;
//   names LIST of the attributes; times LIST of those that are times; cleared LIST of those of which a missing value
//   deletes
// columns: new and changed, the numbers of such users
UNWIND $rows AS row
WITH row, NOT EXISTS { (:User {id: row.user_id}) } AS new
MERGE (u:User {id: row.user_id})
WITH u, row, new, [name IN $names WHERE row.attributes[name] IS NOT NULL OR name IN $cleared | {name: name, value:
  CASE WHEN name IN $times AND row.attributes[name] IS NOT NULL THEN datetime({epochMillis: row.attributes[name]})
       ELSE row.attributes[name] END}] AS given
WITH u, new, [a IN given WHERE NOT coalesce(u[a.name] = a.value, u[a.name] IS NULL AND a.value IS NULL)] AS changes
FOREACH (a IN changes | SET u[a.name] = a.value)
RETURN count(CASE WHEN new THEN 1 END) AS new, count(CASE WHEN NOT new AND size(changes) > 0 THEN 1 END) AS changed
