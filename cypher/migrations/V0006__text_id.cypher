// purpose: One node a text.
CREATE CONSTRAINT text_id IF NOT EXISTS FOR (t:Text) REQUIRE t.id IS UNIQUE
