-- Pairs are listed from the carer's end too, and only those of the caller's areas are looked at.
CREATE INDEX pairs_by_carer_area ON app.pairs (carer_area);
