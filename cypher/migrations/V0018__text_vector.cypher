// purpose: One vector a text and encoder version.
CREATE CONSTRAINT text_vector IF NOT EXISTS FOR (v:TextVector) REQUIRE (v.text, v.version) IS UNIQUE
