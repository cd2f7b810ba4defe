import { graphql } from "../generated/user";
import type { ResultOf, VariablesOf } from "@graphql-typed-document-node/core";

export const ARTICLES = graphql(`
  query Articles($least: Int!) {
    article(where: { likes: { _gte: $least } }) {
      id
      title
      author {
        name
      }
    }
  }
`);

export const variables: VariablesOf<typeof ARTICLES> = { least: 5 };

export function titles({ article }: ResultOf<typeof ARTICLES>): string[] {
  return article.map(({ title, author }) => `${title} by ${author.name}`);
}

// @ts-expect-error: the role may not see when an author was born.
export type Born = ResultOf<typeof ARTICLES>["article"][number]["author"]["born"];
