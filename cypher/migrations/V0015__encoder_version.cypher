// purpose: One node an encoder version.
CREATE CONSTRAINT encoder_version IF NOT EXISTS FOR (e:Encoder) REQUIRE e.version IS UNIQUE
