-- What was asked of this index, children_by_area answers.
DROP INDEX app.children_area;
