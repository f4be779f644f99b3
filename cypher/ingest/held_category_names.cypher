// purpose: The names of categories that the graph has.
// columns: category, language
MATCH (c:CategoryName)
RETURN c.category AS category, c.language AS language
