// purpose: Write what categories of items are called in a language; the newest name of a language replaces the one before.
// parameters: rows LIST of {category, language, name}, the category in lower case
UNWIND $rows AS row
MERGE (c:CategoryName {category: row.category, language: row.language})
SET c.name = row.name
