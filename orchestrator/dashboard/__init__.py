"""The testing web page at the app client's callback URL: what the tokens say, and what Hasura makes of them."""
