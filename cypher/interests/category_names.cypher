// purpose: What categories of items (in lower case) are called in several languages, as the table categories says.
// columns: category, language, name
MATCH (c:CategoryName)
RETURN c.category AS category, c.language AS language, c.name AS name
ORDER BY category, language
