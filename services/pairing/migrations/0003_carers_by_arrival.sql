-- Each enlisting asks for the last carer's place in the list, and read all carers for it.
CREATE INDEX carers_by_arrival ON app.carers (arrived);
