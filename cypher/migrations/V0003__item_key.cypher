// purpose: One node an item, its key is domain:item_id.
CREATE CONSTRAINT item_key IF NOT EXISTS FOR (i:Item) REQUIRE i.key IS UNIQUE
