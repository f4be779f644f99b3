// purpose: One name of a category in a language.
CREATE CONSTRAINT category_name IF NOT EXISTS FOR (c:CategoryName) REQUIRE (c.category, c.language) IS UNIQUE
