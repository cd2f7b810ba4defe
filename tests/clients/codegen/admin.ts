import type { AuthorsQuery, AuthorsQueryVariables, SaveMutationVariables, SearchSubscription } from "../generated/admin";

export const variables: AuthorsQueryVariables = { where: { _and: [{ name: { _ilike: "a%" } }] }, order: [{ name: "asc" }] };
export const rows: SaveMutationVariables = { rows: [{ title: "a", mood: "calm", author: { data: { name: "b" } } }] };

export function summary({ author }: AuthorsQuery): string[] {
  return author.map(({ name, big, tags, articles_aggregate: { aggregate } }) => {
    const id: string | null | undefined = big;
    return `${name} ${id} ${tags?.join(" ")} ${aggregate?.count.toFixed(0)} ${aggregate?.avg?.likes?.toFixed(1)}`;
  });
}

export function first({ search_articles: [article] }: SearchSubscription): string | undefined {
  return article?.title;
}

// @ts-expect-error: the name may not be null.
export const wrong: AuthorsQuery["author"][number]["name"] = null;
