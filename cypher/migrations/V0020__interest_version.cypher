// purpose: One node an interest and encoder version.
CREATE CONSTRAINT interest_version IF NOT EXISTS FOR (n:Interest) REQUIRE (n.id, n.version) IS UNIQUE
