-- Run once, when the volume is new: Hasura keeps its metadata apart from the application's data.
CREATE DATABASE hasura_metadata;
