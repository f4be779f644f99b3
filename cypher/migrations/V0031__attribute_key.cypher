// purpose: One declaration of an attribute of a label.
CREATE CONSTRAINT attribute_key IF NOT EXISTS FOR (a:Attribute) REQUIRE a.key IS UNIQUE
