// purpose: Write what categories of items are called in a language; the newest name of a language replaces the one before.
// parameters: rows LIST of {category, language, name}, the category in lower case
// columns: new and changed, the numbers of such names
UNWIND $rows AS row
MERGE (c:CategoryName {category: row.category, language: row.language})
WITH c, row, c.name IS NULL AS new
WITH c, row, new, NOT new AND c.name <> row.name AS changed
SET c.name = row.name
RETURN count(CASE WHEN new THEN 1 END) AS new, count(CASE WHEN changed THEN 1 END) AS changed
