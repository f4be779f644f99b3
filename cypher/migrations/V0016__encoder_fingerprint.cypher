// purpose: One version a model's name and files.
CREATE CONSTRAINT encoder_fingerprint IF NOT EXISTS FOR (e:Encoder) REQUIRE (e.name, e.fingerprint) IS UNIQUE
