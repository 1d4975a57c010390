-- Work lists go along an index of the area, and look at children who left as well: their window may have closed before.
CREATE INDEX children_by_area ON app.children (area, child_id);
