// purpose: One vector an item and encoder version.
CREATE CONSTRAINT item_vector IF NOT EXISTS FOR (v:ItemVector) REQUIRE (v.item, v.version) IS UNIQUE
