DROP TABLE todos, lists, priorities, users;
