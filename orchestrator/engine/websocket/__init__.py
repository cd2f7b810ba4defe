"""GraphQL over WebSocket, in both protocols: graphql-ws (Apollo's old one) and graphql-transport-ws."""
