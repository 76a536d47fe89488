CREATE VIEW {definition} AS
