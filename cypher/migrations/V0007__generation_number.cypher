// purpose: One node a generation of learned edges.
CREATE CONSTRAINT generation_number IF NOT EXISTS FOR (g:Generation) REQUIRE g.number IS UNIQUE
