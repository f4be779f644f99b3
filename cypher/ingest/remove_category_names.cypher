// purpose: Remove names of categories.
// parameters: rows LIST of {category, language}
// columns: removed
UNWIND $rows AS row
MATCH (c:CategoryName {category: row.category, language: row.language})
DETACH DELETE c
RETURN count(*) AS removed
