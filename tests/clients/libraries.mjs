// Client libraries ask, change and fail against the engine as their users do.
import assert from "node:assert/strict";
import { ApolloClient, CombinedGraphQLErrors, gql, HttpLink, InMemoryCache } from "@apollo/client/core/index.js";
import { Client, fetchExchange } from "@urql/core";
import { ClientError, GraphQLClient } from "graphql-request";
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { TOKEN, URL, withToken } from "./engine.mjs";

const ARTICLES = `query Articles($least: Int!) { article(where: {likes: {_gte: $least}}, order_by: {id: asc}) { id title author { name } } }`;
const RENAME = `mutation Rename($id: Int!, $title: String!) { update_article_by_pk(pk_columns: {id: $id}, _set: {title: $title}) { id title } }`;
const WRONG = `{ article { nothing } }`;
const WRONG_SAYS = "field 'nothing' not found in type: 'article'";
const FORBIDDEN = `mutation { insert_article_one(object: {title: "x", likes: 1000}) { id } }`;
const FORBIDDEN_SAYS = "check constraint of an insert/update permission has failed";

async function graphqlRequest() {
  const client = new GraphQLClient(URL, { headers: withToken });
  const { article } = await client.request(ARTICLES, { least: 5 });
  assert.deepEqual(article.map(({ title, author }) => [title, author.name]), [["Engines", "Ada"], ["Bread", "Bob"]]);
  assert.equal((await client.request(RENAME, { id: 2, title: "Jottings" })).update_article_by_pk.title, "Jottings");
  const error = await client.request(WRONG).catch((caught) => caught);
  assert.ok(error instanceof ClientError);
  assert.equal(error.response.errors[0].message, WRONG_SAYS);
  assert.equal(error.response.errors[0].extensions.code, "validation-failed");
  const [first, second] = await client.batchRequests([{ document: "{ article { id } }" }, { document: "{ author { id } }" }]);
  assert.ok(first.data.article.length > 0 && second.data.author.length > 0);
}

async function urql() {
  const client = new Client({ url: URL, exchanges: [fetchExchange], fetchOptions: { headers: withToken }, preferGetMethod: false });
  const { data } = await client.query(ARTICLES, { least: 5 }).toPromise();
  assert.equal(data.article.length, 2);
  assert.equal((await client.mutation(RENAME, { id: 2, title: "Notes" }).toPromise()).data.update_article_by_pk.title, "Notes");
  const { error } = await client.mutation(FORBIDDEN, {}).toPromise();
  assert.equal(error.graphQLErrors[0].message, FORBIDDEN_SAYS);
  assert.equal(error.networkError, undefined);
}

async function apollo() {
  const client = new ApolloClient({ link: new HttpLink({ uri: URL, headers: withToken }), cache: new InMemoryCache() });
  const { data } = await client.query({ query: gql(ARTICLES), variables: { least: 5 } });
  assert.equal(data.article[0].__typename, "article");
  await client.mutate({ mutation: gql(RENAME), variables: { id: 2, title: "Apollo" } });
  // The cache knows the row by its type and key, so the change is there without asking again.
  const known = client.readFragment({ id: "article:2", fragment: gql`fragment title on article { title }` });
  assert.equal(known.title, "Apollo");
  await client.mutate({ mutation: gql(RENAME), variables: { id: 2, title: "Notes" } });
  const error = await client.query({ query: gql(WRONG), fetchPolicy: "network-only" }).catch((caught) => caught);
  assert.ok(CombinedGraphQLErrors.is(error));
  assert.equal(error.errors[0].message, WRONG_SAYS);
}

async function graphqlWs() {
  const connectionParams = { headers: { Authorization: `Bearer ${TOKEN}` } };
  const client = createClient({ url: URL.replace("http", "ws"), webSocketImpl: WebSocket, connectionParams });
  const titles = [];
  for await (const { data } of client.iterate({ query: "subscription { article_by_pk(id: 2) { title } }" })) {
    titles.push(data.article_by_pk.title);
    if (titles.length === 2) break;
    await new GraphQLClient(URL, { headers: withToken }).request(RENAME, { id: 2, title: "Live" });
  }
  assert.deepEqual(titles, ["Notes", "Live"]);
  const refused = client.iterate({ query: "subscription { article { nothing } }" });
  await assert.rejects(async () => refused.next(), (errors) => errors[0].message === WRONG_SAYS);
  await client.dispose();
}

for (const library of [graphqlRequest, urql, apollo, graphqlWs]) {
  await library();
  console.log(library.name);
}
