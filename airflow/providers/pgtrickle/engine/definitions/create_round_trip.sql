CREATE VIEW {view} ({columns}) AS
