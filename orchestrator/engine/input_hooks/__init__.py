"""Web services that check the input of mutations."""
